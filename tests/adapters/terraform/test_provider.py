"""Which provider Terraform gets is decided in one place, said in words, and told to Terraform."""

import pytest

from notebook_provisioner.adapters.terraform import provider
from notebook_provisioner.core.errors import InvalidInput


class LaidOut:
    """The stand-in's part that says where it stands."""

    def prepare(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "terraform.rc"
        configuration.write_text("# the stand-in")
        return configuration


STAND_IN = LaidOut()


def stand_in():
    return STAND_IN


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / 'a "mirror"'
    folder.mkdir()
    (folder / "terraform-provider-google_v7").write_bytes(b"one")
    return folder


def test_the_sandbox_gets_the_stand_in(tmp_path):
    chosen = provider.choose("sandbox", None, tmp_path, stand_in)
    assert chosen.environment == {"TF_CLI_CONFIG_FILE": str(tmp_path / "provider" / "terraform.rc")}
    assert chosen.stand_in is STAND_IN
    assert "stand-in" in provider.explain("sandbox", None)


@pytest.mark.parametrize(("target", "mirror"), [("google", None), ("sandbox", "registry")])
def test_the_registry_needs_no_configuration_of_ours(tmp_path, target, mirror):
    assert provider.choose(target, mirror, tmp_path, stand_in) == provider.Provider(provider.REGISTRY)
    assert "registry" in provider.explain(target, mirror)


@pytest.mark.parametrize("target", ["google", "sandbox"])
def test_a_mirror_goes_before_both(tmp_path, mirror, target):
    chosen = provider.choose(target, str(mirror), tmp_path / "workspace", stand_in)
    configuration = (tmp_path / "workspace" / "mirror.tfrc").read_text()
    assert f'path = "{mirror}"'.replace('a "mirror"', 'a \\"mirror\\"') in configuration
    assert chosen.environment["TF_CLI_CONFIG_FILE"].endswith("mirror.tfrc")
    assert chosen.stand_in is None


def test_another_provider_is_another_fingerprint(tmp_path, mirror):
    before = provider.choose("sandbox", str(mirror), tmp_path / "w", stand_in).fingerprint
    assert provider.choose("sandbox", str(mirror), tmp_path / "w", stand_in).fingerprint == before
    (mirror / "terraform-provider-google_v7").write_bytes(b"another")
    assert provider.choose("sandbox", str(mirror), tmp_path / "w", stand_in).fingerprint != before


def test_a_mirror_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InvalidInput, match="is no folder"):
        provider.choose("sandbox", str(tmp_path / "nowhere"), tmp_path, stand_in)
    assert provider.problem(str(tmp_path / "nowhere"))
    assert provider.problem(None) is None
