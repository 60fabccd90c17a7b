"""CodeBuild, for a simulated state machine: builds are started, stopped and run over HTTP."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.buildspec import Build, BuildspecRun, Ended
from support.buildspec_file import parse
from support.command import ROLECALL

_LONGEST = 180


class Builds:
    """Runs builds as they are asked for.

    Args:
        client: makes clients of the AWS where sources and artifacts are.

    Attributes:
        started: the parameters of each build, in the order in which they began.
    """

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.started = list[dict[str, Any]]()
        self._client = client
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._folder, self._project = Path(), dict[str, str]()

    def use(self, folder: Path, project: Mapping[str, str]) -> None:
        """Begins anew, in a folder, with the variables of an image."""
        self.started.clear()
        path = f"{Path(ROLECALL).parent}{os.pathsep}{os.environ['PATH']}"
        self._folder, self._project = folder, {**project, "PATH": path}

    def build(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`codebuild:startBuild.sync`: the source from S3, the phases, the artifacts to S3."""
        with self._lock:
            self.started.append(asked)
        s3 = self._client("s3")
        bucket, _, key = asked["SourceLocationOverride"].partition("/")
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=asked["SourceVersion"])["Body"]
        with zipfile.ZipFile(io.BytesIO(body.read())) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        variables = {v["Name"]: v["Value"] for v in asked["EnvironmentVariablesOverride"]}
        build_id = str(uuid.uuid4())
        codebuild = {"CODEBUILD_BUILD_ID": f"rolecall-deploy:{build_id}"}
        text = files["buildspec.yml"].decode()
        done, source = self.run(text, files, start=variables, codebuild=codebuild)
        to = asked["ArtifactsOverride"]
        place = f"{to['Path']}/{build_id}/{to['Name']}"
        for path in (path for paths in done.artifacts.values() for path in paths):
            under = Path(path).relative_to("rolecall-report")
            local = (source / path).read_bytes()
            s3.put_object(Bucket=to["Location"], Key=f"{place}/{under}", Body=local)
        status = "SUCCEEDED" if done.succeeded else "FAILED"
        return {"Build": {"Id": f"rolecall-deploy:{build_id}", "BuildStatus": status}}

    def stop(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """Step Functions stops the builds that run, and CodeBuild their processes."""
        with self._lock:
            for process in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
        return {}

    def run(
        self, text: str, files: Mapping[str, bytes] | None = None, **more: Any
    ) -> tuple[Build, Path]:
        """Runs a buildspec in a new source folder with these files; returns that folder, too."""
        folder = self._folder / str(uuid.uuid4())
        source, state = folder / "source", folder / "state"
        source.mkdir(parents=True)
        state.mkdir()
        for name, data in (files or {}).items():
            (source / name).write_bytes(data)
        run = BuildspecRun(
            spec=parse(text),
            source=source,
            state=state,
            image=self._project,
            spawn=self._spawn,
            **more,
        )
        return run.run(), source

    def _spawn(self, argv: Sequence[str], environ: Mapping[str, str], folder: str) -> Ended:
        with self._lock:
            process = subprocess.Popen(
                argv, env=dict(environ), cwd=folder, stdin=subprocess.DEVNULL, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
        output, _ = process.communicate(timeout=_LONGEST)
        with self._lock:
            self._running.discard(process)
        return Ended(code=process.returncode, output=output)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Answers what the state machine asks for, at this URL."""
        answers = {"/build": self.build, "/stop": self.stop}

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """Says nothing: the tests look at `started`."""

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                found = answers[self.path](asked)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()
