"""The tools people use for this today, each with its own configuration for the same accounts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.measure import ChildError, Sample, child
from tests.bench.place import PROJECT, REGION, ROLE, Place, accounts, role_arns

_HERE = Path(__file__).parent
_ENVIRONMENT = PROJECT / ".venv-bench"
_LOCK = PROJECT / "requirements" / "bench.txt"


def install() -> None:
    """Makes the virtual environment of the other tools, where their lock file has changed."""
    stamp = _ENVIRONMENT / ".ready"
    if stamp.exists() and stamp.stat().st_mtime >= _LOCK.stat().st_mtime:
        return
    pip = [_ENVIRONMENT / "bin/python", "-m", "pip", "install", "--quiet"]
    print("bench: installing what is measured against", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", _ENVIRONMENT], check=True)
    subprocess.run(
        [*pip, "--disable-pip-version-check", "--require-hashes", "-r", _LOCK], check=True
    )
    stamp.touch()


def bare_loop(place: Place, count: int, sts: str = "") -> Sample:
    """One client, N times AssumeRole, N shells. `sts` is another endpoint than the place's."""
    environ = place.rolecall(sts=sts)
    argv = [sys.executable, _HERE / "bare_loop.py", *role_arns(count)]
    return child(argv, environ=environ, folder=place.folder)


def roles_only(place: Place, count: int, *, workers: int) -> Sample:
    """One client, N times AssumeRole from so many threads, and nothing done with them."""
    argv = [sys.executable, _HERE / "roles_only.py", str(workers), *role_arns(count)]
    return child(argv, environ=place.environ, folder=place.folder)


def shell_script(place: Place, count: int) -> Sample:
    """Four starts of the AWS CLI for each role."""
    argv = ["bash", _HERE / "assume_role.sh", *role_arns(count)]
    return child(argv, environ=place.environ, folder=place.folder)


def c7n_org(place: Place, count: int, *, workers: int = 0) -> Sample:
    """`c7n-org run-script`, with as many processes as it takes by default, or as given."""
    config, output = place.folder / "accounts.yml", place.folder / "c7n-output"
    entries = [
        f"- account_id: '{account}'\n  name: target-{number}\n"
        f"  role: arn:aws:iam::{account}:role/{ROLE}\n  regions: [{REGION}]\n"
        for number, account in enumerate(accounts(count), 1)
    ]
    config.write_text("accounts:\n" + "".join(entries))
    shutil.rmtree(output, ignore_errors=True)
    argv = [_ENVIRONMENT / "bin/c7n-org", "run-script", "-c", config, "-s", output]
    environ = {**place.environ, **({"C7N_ORG_PARALLEL": str(workers)} if workers else {})}
    sample = child([*argv, "-r", REGION, "true"], environ=environ, folder=place.folder)
    _expect("c7n-org", len(list(output.glob("*/*/stdout"))), count)
    return sample


def awsrun(place: Place, count: int, *, workers: int = 0) -> Sample:
    """`awsrun aws`, with as many threads as it takes by default, or as given.

    Its one command that starts a program starts the first `aws` on the PATH; here that is `true`.
    """
    bin_folder, listed = place.folder / "awsrun-bin", place.folder / "accounts.txt"
    config = place.folder / "awsrun.yaml"
    bin_folder.mkdir(exist_ok=True)
    if not (bin_folder / "aws").exists():
        (bin_folder / "aws").symlink_to(str(shutil.which("true")))
    listed.write_text("\n".join(accounts(count)) + "\n")
    config.write_text(
        "Credentials:\n  plugin: awsrun.plugins.creds.aws.ProfileCrossAccount\n"
        f"  options:\n    x_acct:\n      base: '999999999999'\n      role: {ROLE}\n"
    )
    environ = {
        **place.environ,
        "AWSRUN_CONFIG": str(config),
        "PATH": f"{bin_folder}:{place.environ['PATH']}",
    }
    argv = [_ENVIRONMENT / "bin/awsrun", "--force", "--account-file", listed]
    argv += ["--threads", str(workers)] if workers else []
    argv += ["aws", "--region", REGION, "sts", "get-caller-identity"]
    sample = child(argv, environ=environ, folder=place.folder)
    # It ends with 0 also where it failed.
    failed = sample.stderr.count("error:")
    _expect("awsrun", count - failed if f"Processed {count} " in sample.stderr else 0, count)
    return sample


def orga_deployer(place: Place, count: int, *, workers: int, s3: str) -> Sample:
    """`aws-orga-deployer apply` of a Python module that starts `true`.

    It deploys templates and Python modules to accounts of an organisation, of which it keeps a
    description in S3: it is given one, so that it need not ask. `s3` is a simulated one.
    """
    package, bucket = place.folder / "package", "orga-deployer"
    module = package / "python" / "deploy" / "main.py"
    module.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_HERE / "orga_module.py", module)
    environ = {**place.environ, "AWS_ENDPOINT_URL_S3": s3}
    role = f"arn:aws:iam::${{CURRENT_ACCOUNT_ID}}:role/{ROLE}"
    definition = {
        "PackageConfiguration": {
            "S3Bucket": bucket, "S3Region": REGION, "ConcurrentWorkers": workers
        },
        "DefaultModuleConfiguration": {
            "All": {"AssumeRole": role},
            "python": {"PythonExecutable": str(_ENVIRONMENT / "bin/python")},
        },
        "Modules": {"deploy": {"Deployments": [{"Include": {"Regions": [REGION]}}]}},
    }  # fmt: skip
    described = {
        "Accounts": {
            account: {"Name": account, "ParentOUs": [], "Tags": {}, "EnabledRegions": [REGION]}
            for account in accounts(count)
        },
        "OUs": {},
    }
    (package / "package.yaml").write_text(json.dumps(definition))
    (place.folder / "orga.json").write_text(json.dumps(described))
    argv = [sys.executable, _HERE / "orga_bucket.py", bucket, place.folder / "orga.json"]
    child(argv, environ=environ, folder=place.folder)
    argv = [_ENVIRONMENT / "bin/aws-orga-deployer", "-p", package / "package.yaml", "apply"]
    sample = child([*argv, "--non-interactive"], environ=environ, folder=package)
    _expect("aws-orga-deployer", (package / "output.json").read_text().count('"done"'), count)
    return sample


def _expect(name: str, done: int, count: int) -> None:
    if done != count:
        raise ChildError(f"{name} reached {done} of {count} accounts")
