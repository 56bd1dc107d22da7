"""The quirks of python-terraform that docs/adr/0003 lists. One that is gone makes a workaround idle."""

import pytest
from python_terraform import IsFlagged, Terraform


class Recorder(Terraform):
    """Builds command lines and runs nothing."""

    def cmd(self, cmd, *args, **kwargs):
        return self.generate_cmd_string(cmd, *args, **kwargs)


@pytest.fixture
def terraform(tmp_path):
    recorder = Recorder(working_dir=str(tmp_path))
    yield recorder
    recorder.temp_var_files.clean_up()


def test_destroy_passes_an_option_that_terraform_dropped(terraform):
    assert "-force" in terraform.destroy()
    assert "-destroy" in terraform.plan(destroy=IsFlagged)


def test_apply_asks_unless_told_otherwise(terraform):
    assert "-auto-approve=false" in terraform.apply("plan")
    assert "-auto-approve=true" in terraform.apply("plan", skip_plan=True)


def test_an_empty_variable_map_is_a_file(terraform):
    assert any(word.startswith("-var-file=") for word in terraform.apply("plan"))
    assert not any(word.startswith("-var-file=") for word in terraform.apply("plan", var=None))


def test_its_own_option_reaches_terraform(terraform):
    assert "-synchronous=false" in terraform.cmd("plan", synchronous=False)
