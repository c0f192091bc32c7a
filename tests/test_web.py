"""The program `tfisp.web`: what it serves, with which headers, and its one-line errors."""

import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from tests.helpers.web_pages import serving
from tfisp import web
from tfisp.browser.server import HEADERS, open_server


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "page"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "models.json").write_text("{}")
    (folder / "index.html").write_text("the page")
    (folder / "core.wasm").write_bytes(b"\0asm")
    return folder


def test_files_come_with_what_threads_need(site):
    with serving(site) as address:
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"the page"
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        with urllib.request.urlopen(f"{address}core.wasm") as answer:
            assert answer.headers["Content-Type"] == "application/wasm"


@pytest.mark.parametrize("path", ["models/", "../secret", "%2e%2e/secret", "none.js"])
def test_nothing_else_is_given(site, path):
    (site.parent / "secret").write_text("not for others")
    with serving(site) as address:
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{address}{path}")
        assert error.value.code == 404


def test_https_with_a_certificate_of_ones_own(site, tmp_path, capfd):
    pem = tmp_path / "own.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=tfisp", "-keyout", pem, "-out", tmp_path / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    with pem.open("a") as file:
        file.write((tmp_path / "certificate.pem").read_text())
    context = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    context.check_hostname = False
    with open_server(site, port=0, certificate=pem) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # One that connects and says nothing holds up nobody.
        with socket.create_connection(("127.0.0.1", server.server_port)):
            address = f"https://127.0.0.1:{server.server_port}/"
            with urllib.request.urlopen(address, context=context, timeout=20) as answer:
                assert answer.read() == b"the page"
            with pytest.raises(urllib.error.URLError, match="certificate"):
                urllib.request.urlopen(address, timeout=20)
        server.shutdown()
    assert capfd.readouterr().err == ""


def test_it_says_where_it_serves_and_stops_when_interrupted(site, monkeypatch, capsys):
    def interrupted(server):
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    assert web.run([str(site), "--port=0"]) == 130
    assert capsys.readouterr().out.startswith(f"serving {site} at http://localhost:")


@pytest.mark.parametrize(
    "words, code, message",
    [
        ([], 2, "give one folder"),
        (["{tmp}"], 1, "holds no page; write one by tfisp.export --web="),
        (["{site}", "--host=300.1.1.1"], 1, "--host=300.1.1.1 --port=8000: cannot listen there"),
        (["{site}", "--port=70000"], 1, "--port=70000: cannot listen there"),
        (["{site}", "--certificate={tmp}/none.pem"], 1, "none.pem: no PEM file"),
    ],
)
def test_mistakes_get_one_line(capsys, site, tmp_path, words, code, message):
    given = web.run([word.format(tmp=tmp_path, site=site) for word in words])
    error = capsys.readouterr().err
    assert given == code and message in error and error.count("\n") == 1
