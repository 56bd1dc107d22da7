"""Network firewall policies, and the services behind Secure Web Proxy."""

import pytest

pytestmark = pytest.mark.network

PROJECT = "egress-test"
COMPUTE = f"/compute/v1/projects/{PROJECT}"
POLICIES = f"{COMPUTE}/global/firewallPolicies"
NETWORK = f"projects/{PROJECT}/global/networks/vpc"
PLACE = f"projects/{PROJECT}/locations/europe-west1"
SECURITY, SERVICES = f"/networksecurity/v1/{PLACE}", f"/networkservices/v1/{PLACE}"
RULE = {
    "priority": 1000,
    "direction": "EGRESS",
    "action": "allow",
    "match": {"destFqdns": ["docs.example.com"], "layer4Configs": [{"ipProtocol": "tcp", "ports": ["443"]}]},
}


@pytest.fixture
def network(sandbox):
    sandbox.call("POST", f"{COMPUTE}/global/networks", {"name": "vpc", "autoCreateSubnetworks": False})
    return sandbox


@pytest.fixture
def policy(network):
    network.call("POST", POLICIES, {"name": "egress"})
    return f"{POLICIES}/egress"


def subnet(sandbox, name, block, **more):
    body = {"name": name, "network": NETWORK, "ipCidrRange": block, **more}
    sandbox.call("POST", f"{COMPUTE}/regions/europe-west1/subnetworks", body)


def test_a_policy_is_born_handing_everything_on(policy, network):
    rules = network.call("GET", policy)["rules"]
    assert {rule["action"] for rule in rules} == {"goto_next"}
    assert {rule["direction"] for rule in rules} == {"EGRESS", "INGRESS"}
    assert max(rule["priority"] for rule in rules) == 2_147_483_647


def test_the_life_of_a_rule(policy, network):
    network.call("POST", f"{policy}/addRule", RULE)
    network.call("POST", f"{policy}/addRule", RULE, status=400)
    changed = {**RULE, "match": {**RULE["match"], "destFqdns": ["data.example.com"]}}
    network.call("POST", f"{policy}/patchRule?priority=1000", changed)
    found = network.call("GET", f"{policy}/getRule?priority=1000")
    assert found["match"]["destFqdns"] == ["data.example.com"]
    network.call("POST", f"{policy}/removeRule?priority=1000")
    network.call("GET", f"{policy}/getRule?priority=1000", status=400)
    network.call("POST", f"{policy}/removeRule?priority=2147483647", status=400)


@pytest.mark.parametrize(
    "broken",
    [
        {"action": "permit"},
        {"direction": "BOTH"},
        {"match": {"destFqdns": ["*.example.com"], "layer4Configs": [{"ipProtocol": "all"}]}},
        {"match": {"srcFqdns": ["docs.example.com"], "layer4Configs": [{"ipProtocol": "all"}]}},
        {"match": {"destIpRanges": ["203.0.113.1/24"], "layer4Configs": [{"ipProtocol": "all"}]}},
        {
            "match": {
                "destFqdns": [f"h{n}.example.com" for n in range(101)],
                "layer4Configs": [{"ipProtocol": "all"}],
            }
        },
        {"match": {"layer4Configs": [{"ipProtocol": "all"}]}},
        {"match": {"destFqdns": ["docs.example.com"]}},
        {"action": "goto_next", "enableLogging": True},
    ],
)
def test_a_rule_that_google_would_refuse(policy, network, broken):
    network.call("POST", f"{policy}/addRule", {**RULE, **broken}, status=400)


def test_what_a_network_needs_stays_while_it_needs_it(policy, network):
    link = {"name": "egress", "attachmentTarget": NETWORK}
    network.call("POST", f"{policy}/addAssociation", {**link, "attachmentTarget": f"{NETWORK}-2"}, status=400)
    network.call("POST", f"{policy}/addAssociation", link)
    network.call("POST", f"{policy}/addAssociation", link, status=400)
    assert network.call("GET", f"{policy}/getAssociation?name=egress")["shortName"] == "egress"
    network.call("DELETE", policy, status=400)
    network.call("DELETE", f"{COMPUTE}/global/networks/vpc", status=400)
    network.call("POST", f"{policy}/removeAssociation?name=egress")
    network.call("GET", f"{policy}/getAssociation?name=egress", status=404)
    network.call("DELETE", policy)
    network.call("DELETE", f"{COMPUTE}/global/networks/vpc")


@pytest.fixture
def security(network):
    network.call("POST", f"{SECURITY}/urlLists?urlListId=allowed", {"values": ["docs.example.com"]})
    network.call("POST", f"{SECURITY}/gatewaySecurityPolicies?gatewaySecurityPolicyId=proxy", {})
    return network


def matching(url_list="allowed", **more):
    session = f"inUrlList(host(), '{PLACE}/urlLists/{url_list}')"
    return {"enabled": True, "priority": 1, "basicProfile": "ALLOW", "sessionMatcher": session, **more}


def test_rules_name_url_lists_that_exist(security):
    rules = f"{SECURITY}/gatewaySecurityPolicies/proxy/rules?gatewaySecurityPolicyRuleId="
    security.call("POST", f"{rules}first", matching("another"), status=400)
    security.call("POST", f"{rules}first", matching(basicProfile="BASIC_PROFILE_UNSPECIFIED"), status=400)
    security.call("POST", f"{rules}first", matching())
    security.call("POST", f"{rules}second", matching(), status=400)  # the same priority
    security.call("DELETE", f"{SECURITY}/urlLists/allowed", status=400)
    security.call("DELETE", f"{SECURITY}/gatewaySecurityPolicies/proxy", status=400)
    security.call("DELETE", f"{SECURITY}/gatewaySecurityPolicies/proxy/rules/first")
    security.call("DELETE", f"{SECURITY}/urlLists/allowed")
    security.call("DELETE", f"{SECURITY}/gatewaySecurityPolicies/proxy")


def gateway(**more):
    return {
        "type": "SECURE_WEB_GATEWAY",
        "ports": [80],
        "addresses": ["10.20.0.253"],
        "gatewaySecurityPolicy": f"{PLACE}/gatewaySecurityPolicies/proxy",
        "network": NETWORK,
        "subnetwork": f"projects/{PROJECT}/regions/europe-west1/subnetworks/notebooks",
        **more,
    }


def test_a_gateway_needs_a_proxy_subnet_and_leaves_a_router(security):
    create = f"{SERVICES}/gateways?gatewayId=proxy"
    subnet(security, "notebooks", "10.20.0.0/24")
    security.call("POST", create, gateway(), status=400)
    subnet(security, "proxies", "10.21.0.0/26", purpose="REGIONAL_MANAGED_PROXY", role="ACTIVE")
    security.call("POST", create, gateway(addresses=["10.30.0.1"]), status=400)
    security.call("POST", create, gateway(ports=[]), status=400)
    security.call(
        "POST", create, gateway(gatewaySecurityPolicy=f"{PLACE}/gatewaySecurityPolicies/no"), status=400
    )
    security.call("POST", create, gateway(type="OPEN_MESH"), status=501)
    security.call("POST", create, gateway())
    assert security.call("GET", f"{SERVICES}/gateways/proxy")["routingMode"] == "EXPLICIT_ROUTING_MODE"

    security.call("DELETE", f"{SECURITY}/gatewaySecurityPolicies/proxy", status=400)
    security.call("DELETE", f"{COMPUTE}/regions/europe-west1/subnetworks/notebooks", status=400)
    security.call("DELETE", f"{SERVICES}/gateways/proxy")
    made = security.call("GET", f"{COMPUTE}/regions/europe-west1/routers")["items"]
    identity = security.call("GET", f"{COMPUTE}/global/networks/vpc")["id"]
    assert [router["name"] for router in made] == [f"swg-autogen-router-{identity}"]
    assert made[0]["nats"][0]["endpointTypes"] == ["ENDPOINT_TYPE_SWG"]
