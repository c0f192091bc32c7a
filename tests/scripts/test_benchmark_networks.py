"""The benchmark of networks: one budget for all, what is measured is not measured again."""

import json
import sys

import benchmark_networks
import pytest

from tfisp import models


@pytest.fixture
def words(tmp_path):
    """A command line; the photographs that it names are not there."""
    return [
        *(f"--photos={tmp_path / 'none'}", f"--weights={tmp_path / 'none'}"),
        *(f"--output={tmp_path}", "--steps=7"),
    ]


def written(words, **networks):
    """Results as the benchmark would have written them."""
    options = benchmark_networks.parse_arguments(words)
    results = benchmark_networks.load_results(options) | {"networks": networks}
    options.results.write_text(json.dumps(results))


def test_every_network_is_run_unless_some_are_named(words):
    assert benchmark_networks.parse_arguments(words).models == models.names()
    assert benchmark_networks.parse_arguments([*words, "--models=lan"]).models == ["lan"]


def test_what_was_measured_is_shown_and_not_run_again(words, monkeypatch, capsys):
    written(words, lan={"psnr": 21.5})
    monkeypatch.setattr(sys, "argv", ["benchmark", *words, "--models=lan"])
    benchmark_networks.main()
    assert "21.5" in capsys.readouterr().out


def test_results_of_another_budget_are_not_mixed(words, capsys):
    written(words, lan={"psnr": 21.5})
    with pytest.raises(SystemExit):
        benchmark_networks.parse_arguments([*words, "--steps=8", "--seed=1"])
    assert "measured with another steps, seed" in capsys.readouterr().err


def test_an_unknown_network_is_named(words, capsys):
    with pytest.raises(SystemExit):
        benchmark_networks.parse_arguments([*words, "--models=lam"])
    assert "--models=lam: unknown; did you mean lan?" in capsys.readouterr().err
