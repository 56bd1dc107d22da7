"""Access policies of Access Context Manager."""

from typing import TYPE_CHECKING

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest, unreachable

if TYPE_CHECKING:
    from notebook_provisioner.adapters.google.session import Target


def scoped_policy(target: "Target", organization: str, project: str, title: str) -> str | None:
    """Find the access policy that is there for one project alone: a scope can be in one policy only.

    Args:
        target: Where to ask.
        organization: The organization's number.
        project: The project's id.
        title: The title that the policy must have: another one is somebody else's.

    Returns:
        The policy's number. None where there is none, and where the APIs are off or closed to the caller:
        then nothing can be adopted either.

    Raises:
        TargetUnreachable: No connection, or no credentials.
    """
    rest = Rest(target)
    projects = f"{target.endpoint('cloudresourcemanager')}/v3/projects/{project}"
    policies = f"{target.endpoint('accesscontextmanager')}/v1/accessPolicies"
    parameters = {"parent": f"organizations/{organization}"}
    try:
        scopes = [rest.send("GET", projects)["name"]]
        while True:
            page = rest.send("GET", policies, parameters)
            for policy in page.get("accessPolicies", ()):
                if policy.get("scopes") == scopes and policy.get("title") == title:
                    number: str = policy["name"].rpartition("/")[2]
                    return number
            if not page.get("nextPageToken"):
                return None
            parameters = {**parameters, "pageToken": page["nextPageToken"]}
    except Refusal:
        return None
    except NoAnswer as error:
        raise unreachable(policies, error) from error
