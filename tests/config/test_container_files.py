"""What deploy/ has for containers fits the code. deploy/check.sh asks those who know its forms."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.celery import app
from config.local.datafolder import BASE_DIR
from config.management.commands import up
from config.monitoring.health import SCHEDULER, WEB, Health
from jobs.definitions import QUEUES

DEPLOY = BASE_DIR / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
KUBERNETES: list[dict[str, Any]] = [
    document
    for path in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((DEPLOY / path).read_text())
]
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
# What each of Tael's programs says on its command line, by the units that start it.
PROGRAMS = {"web": "gunicorn", "worker": "celery,timetable", "providers": "--queues providers"}
PROGRAMS |= {"beat": "config beat", "metrics": "manage.py metrics"}
SECONDS = {"s": 1, "m": 60}


def containers(kind: str = "Deployment") -> dict[str, dict[str, Any]]:
    """The containers of all pods of this kind, by their names."""
    pods = [document["spec"]["template"]["spec"] for document in KUBERNETES
            if document["kind"] == kind]  # fmt: skip
    return {
        one["name"]: one
        for pod in pods
        for one in [*pod["containers"], *pod.get("initContainers", ())]
    }


def said_by_up() -> dict[str, str]:
    """The commands of `manage.py up`, which starts all but the metrics."""
    return {"web": up.WEB, "worker": up.WORKER, "providers": up.PROVIDER_WORKER, "beat": up.BEAT}


def test_every_program_has_a_unit_a_service_and_a_pod() -> None:
    units = {path.stem: path.read_text() for path in (DEPLOY / "systemd").iterdir()}
    assert set(units) == {f"tael-{name}" for name in PROGRAMS}
    for name, words in PROGRAMS.items():
        started = [
            units[f"tael-{name}"].partition("ExecStart=")[2].partition("\n")[0],
            SERVICES[name]["command"],
            " ".join(containers()[name]["args"]),
        ]
        if name in said_by_up():
            started.append(said_by_up()[name])
        for command in started:
            assert words in command, (name, command)
    for place in ([one["command"] for one in SERVICES.values()
                   if "config worker" in one.get("command", "")],
                  [" ".join(one["args"]) for one in containers().values()
                   if "worker" in one.get("args", ())]):  # fmt: skip
        taken = [re.search(r"--queues (\S+)", command) for command in place]
        assert sorted(",".join(found[1] for found in taken if found).split(",")) == sorted(QUEUES)


def test_the_images_own_command_and_ports_are_those_of_the_others() -> None:
    image = re.search(r"^CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)
    assert image
    assert yaml.safe_load(image[1]) == containers()["web"]["args"]
    assert " ".join(containers()["web"]["args"]) == SERVICES["web"]["command"]
    assert "EXPOSE 8000" in CONTAINERFILE
    assert "server 127.0.0.1:8000;" in (DEPLOY / "nginx.conf").read_text()
    assert "s/server 127.0.0.1:8000;/server web:8000;/" in SERVICES["nginx"]["command"][-1]
    ports = {port["name"]: port["containerPort"]
             for one in containers().values() for port in one.get("ports", ())}  # fmt: skip
    assert ports == {"http": 8000, "metrics": 9464, "redirect": 80, "https": 443}
    assert SERVICES["metrics"]["ports"] == ["127.0.0.1:9464:9464"]


def test_probes_ask_addresses_that_answer_them() -> None:
    answered = Health(lambda _: None).answers  # type: ignore[arg-type, return-value]
    web = containers()["web"]
    asked = {name: web[name]["httpGet"]["path"] for name in
             ("readinessProbe", "livenessProbe", "startupProbe")}  # fmt: skip
    assert asked == {
        "readinessProbe": "/readyz/web",
        "livenessProbe": "/healthz",
        "startupProbe": "/healthz",
    }
    assert set(asked.values()) <= answered.keys()
    assert not SCHEDULER.keys() & WEB.keys()  # a beat that died takes no web server away
    assert "/readyz/web" in SERVICES["web"]["healthcheck"]["test"][-1]


def test_workers_have_time_to_finish_their_chunk() -> None:
    for name in ("worker", "providers"):
        given = SERVICES[name]["stop_grace_period"]
        assert int(given[:-1]) * SECONDS[given[-1]] > app.conf.task_time_limit
    pods = {document["metadata"]["name"]: document["spec"]["template"]["spec"]
            for document in KUBERNETES if document["kind"] == "Deployment"}  # fmt: skip
    for name in ("tael-worker", "tael-providers"):
        assert pods[name]["terminationGracePeriodSeconds"] > app.conf.task_time_limit


def test_settings_that_are_named_are_read_by_the_code() -> None:
    code = "\n".join(path.read_text() for path in sorted((BASE_DIR / "config").rglob("*.py")))
    files = [DEPLOY / "compose.yaml", DEPLOY / "Containerfile", *(DEPLOY / "kubernetes").iterdir()]
    named = {name for path in files for name in re.findall(r"\bTAEL_[A-Z_]+\b", path.read_text())}
    named -= {"TAEL_VERSION", "TAEL_TLS", "TAEL_APP_PASSWORD", "TAEL_OWNER_PASSWORD"}  # compose's
    assert {"TAEL_DATA_DIR", "TAEL_STATIC_ROOT", "TAEL_TRUSTED_PROXIES"} <= named
    assert {name for name in named if f'"{name}"' not in code} == set()
    table = (BASE_DIR / "docs" / "operations.md").read_text().partition("## First")[0]
    settings = {*COMPOSE["x-tael"]["environment"], *named}
    assert {name for name in settings if f"`{name}`" not in table} == set()


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_containers_may_write_where_they_have_to_and_nowhere_else(kind: str) -> None:
    for name, container in containers(kind).items():
        bounds = container["securityContext"]
        assert bounds["readOnlyRootFilesystem"] is True, name
        assert bounds["allowPrivilegeEscalation"] is False, name
        assert bounds["capabilities"] == {"drop": ["ALL"]}, name
        assert container["resources"]["limits"].keys() == {"memory"}, name
        if container["image"] == "tael":
            paths = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert paths == {"/tmp", "/run/tael"}, name
    for name in (*PROGRAMS, "migrate"):
        service = SERVICES[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert (service["tmpfs"], service["volumes"]) == (["/tmp"], ["counts:/run/tael"])


def test_the_book_is_kept_in_order_once_before_anything_starts() -> None:
    order = [SERVICES[name].get("depends_on", {}) for name in ("roles", "migrate", "grants", "web")]
    assert [list(one) for one in order] == [["postgres"], ["roles"], ["migrate"],
                                            ["redis", "grants"]]  # fmt: skip
    (job,) = (one["spec"]["template"]["spec"] for one in KUBERNETES if one["kind"] == "Job")
    steps = [one["name"] for one in [*job["initContainers"], *job["containers"]]]
    assert steps == ["roles", "migrate", "grants"]
    for files in KUSTOMIZATION["configMapGenerator"]:
        assert all((DEPLOY / path).is_file() for path in files["files"])
    listed = {Path(path).name for path in KUSTOMIZATION["resources"]}
    assert listed == {path.name for path in (DEPLOY / "kubernetes").iterdir()}


def test_the_image_runs_as_nobody_with_packages_whose_hashes_are_known() -> None:
    assert "--require-hashes" in CONTAINERFILE
    assert re.search(r"^USER 10001:10001$", CONTAINERFILE, re.MULTILINE)
    users = {document["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
             for document in KUBERNETES if document["kind"] in ("Deployment", "Job")}  # fmt: skip
    assert users == {10001}
    ignored = (BASE_DIR / ".dockerignore").read_text().splitlines()
    assert {".*", "deploy", "tests"} <= set(ignored)  # settings and keys that lie there
    images = re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    images += [service["image"] for service in SERVICES.values()]
    assert all(re.search(r":[\w${}.:-]*\d", image) for image in images)
    assert not [image for image in images if image.endswith("latest")]
