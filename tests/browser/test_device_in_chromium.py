"""Measuring a device in a headless Chromium: times, what really ran, and how far it is off."""

import json
import shutil

import pytest

from tests.helpers.chromium import Browser
from tests.helpers.web_pages import load, open_file, serving, shown, turn, write_full_dng


def measured(browser, seconds=0):
    """What the page says of the device, as its JSON."""
    browser.run(
        "(() => { const chosen = document.getElementById('sustained');"
        f"chosen.append(new Option('', '{seconds}'));"
        "chosen.selectedIndex = chosen.length - 1; })()"
    )
    browser.run("document.getElementById('measure').click()")
    browser.wait(
        "!document.getElementById('json').hidden || !document.getElementById('fault').hidden"
    )
    assert shown(browser, "fault") == ""
    return json.loads(browser.run("document.getElementById('json').value"))


def test_the_device_is_measured(page):
    found = measured(page, seconds=0.3)
    assert found["model"] == "camera" and found["wasm_threads"] is True
    assert found["input_equals_desktop"] is True and found["sustained_s"] == 0.3
    assert found["page_was_hidden"] is False
    wasm, *others = found["results"]
    assert wasm["ran"] == "CPU (WebAssembly, threads)"
    assert wasm["output"]["passed"] and wasm["picture_largest"] <= 1
    assert wasm["frame"] == [128, 160] and wasm["median_ms"] > 0 and wasm["runs"] >= 5
    sustained = wasm["sustained"]
    assert sustained["seconds"] >= 0.3 and sustained["runs"] >= 2
    # Both medians are rounded to 0.01 ms.
    drift = 100 * (sustained["last_tenth_ms"] / sustained["first_tenth_ms"] - 1)
    assert sustained["drift_percent"] == pytest.approx(drift, rel=0.05, abs=2)
    pictures = [(each["height"], each["width"]) for each in wasm["pictures"]]
    assert pictures == [(130, 150), (160, 192)]
    assert all(each["median_ms"] > each["network_ms"] > 0 for each in wasm["pictures"])
    assert [other["backend"] for other in others] == ["webgpu", "webgpu16", "webnn"]
    for other in others:
        assert "median_ms" not in other and "not offered" in other["ran"]
    table = shown(page, "results")
    for words in ("Network, 128\u00a0\u00d7\u00a0160, ms", "first to last tenth", "not offered"):
        assert words in table


def test_measuring_is_stopped(page):
    page.run(
        "(() => { const chosen = document.getElementById('sustained');"
        "chosen.value = '180'; document.getElementById('measure').click(); })()"
    )
    page.wait("document.getElementById('measuring').textContent.includes('for 180 s')")
    assert shown(page, "measure") == "Stop"
    page.run("document.getElementById('measure').click()")
    page.wait("document.getElementById('measure').textContent === 'Measure this device'")
    assert shown(page, "measuring") == shown(page, "fault") == shown(page, "results") == ""


def test_drift_is_from_the_first_tenth_to_the_last(modules):
    load(modules, "timing.js")
    # Of 20 runs two are a tenth: 10 and 12, then 15 and 18.
    found = modules.run(f"drift({[10, 12, *[13] * 16, 15, 18]})")
    assert found == {
        "runs": 20,
        "median_ms": 13,
        "first_tenth_ms": 11,
        "last_tenth_ms": 16.5,
        "drift_percent": 50,
    }
    # Of fewer than ten, one.
    assert modules.run("drift([4, 9, 3])")["drift_percent"] == -25


def test_webgpu_on_a_processor_agrees_too(site, tmp_path):
    # Whole pictures take long there, and are tried on the processor.
    page = shutil.copytree(site, tmp_path / "page")
    described = page / "models" / "0" / "tfisp.json"
    described.write_text(json.dumps({**json.loads(described.read_text()), "pictures": []}))
    # Chromium brings a GPU in software along, where it is built with one.
    features = "--enable-features=Vulkan,WebGPU,WebMachineLearningNeuralNetwork"
    words = ("--use-webgpu-adapter=swiftshader", features)
    with serving(page) as address, Browser("--enable-unsafe-webgpu", *words) as browser:
        browser.open(address)
        browser.wait("document.body.dataset.ready === 'true'")
        backends = browser.run(
            "[...document.querySelectorAll('#backend option:enabled')].map((one) => one.value)"
        )
        if "webgpu" not in backends:
            pytest.skip("this Chromium starts no GPU in software")
        *results, webnn = measured(browser)["results"]
        for result in results:
            assert result["output"]["passed"], result
            assert "lacks" not in result["ran"] and result["picture_largest"] <= 3
        # Where a browser has WebNN but cannot run it, as here, its own words are passed on.
        if "webnn" not in backends:
            assert webnn["ran"].startswith("not offered: the browser says: ")
            # Asked all the same, it takes another build of LiteRT.js, and back again.
            option = "document.querySelector('#backend option[value=webnn]')"
            browser.run(f"void ({option}.disabled = false, {option}.selected = true)")
            open_file(browser, write_full_dng(tmp_path / "photo.dng", size=(159, 191)))
            assert (
                "on CPU (WebAssembly, threads), since NPU (WebNN, 16 bits) does not take the model"
            ) in shown(browser, "caption")


def test_what_an_accelerator_does_not_take_runs_on_the_processor(page, tmp_path):
    open_file(page, write_full_dng(tmp_path / "photo.dng", size=(159, 191)))
    option = "document.querySelector('#backend option[value=webgpu]')"
    assert page.run(f"{option}.disabled") and "no GPU" in page.run(f"{option}.title")
    # As on a device that loses its GPU.
    page.run(f"void ({option}.disabled = false)")
    turn(page, "backend", "webgpu", "change")
    caption = shown(page, "caption")
    assert "on CPU (WebAssembly, threads), since GPU (WebGPU, 32 bits) does not take" in caption
    assert shown(page, "fault") == ""


def test_over_plain_http_from_a_network_it_works_on_one_thread(site, tmp_path):
    # To the browser, a name that is not localhost is another computer.
    with (
        serving(site) as address,
        Browser("--host-resolver-rules=MAP computer.test 127.0.0.1") as browser,
    ):
        browser.open(address.replace("127.0.0.1", "computer.test"))
        browser.wait("document.body.dataset.ready === 'true'")
        assert browser.run("isSecureContext") is False
        open_file(browser, write_full_dng(tmp_path / "photo.dng", size=(159, 191)))
        assert "one thread" in shown(browser, "caption")
        report = measured(browser)
        assert report["wasm_threads"] is False and report["input_equals_desktop"] is True
        assert report["results"][0]["output"]["passed"]
        assert report["results"][0]["picture_largest"] <= 1
        assert report["results"][0]["ran"] == "CPU (WebAssembly, one thread)"
        assert "localhost or HTTPS only" in report["results"][1]["ran"]
