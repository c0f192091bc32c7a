"""Settings every test shares: quiet TensorFlow, access to the shared files, no skips in CI.

Where `TFISP_REQUIRE_SHARED=1` says that everything is there, as CI does, a test that skips because
a package cannot be imported fails: the extra `dev` installs all of them.
"""

import os
import sys

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Beside other workers, threads of one operation wait for each other longer than they work.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _missing_package(report):
    """What `pytest.importorskip` said of a skipped test or module, where CI must not skip."""
    if os.environ.get("TFISP_REQUIRE_SHARED") != "1" or not report.skipped:
        return None
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason if "could not import" in reason else None


def _fail_if_missing(report):
    reason = _missing_package(report)
    if reason:
        report.outcome = "failed"
        report.longrepr = f"{reason}; TFISP_REQUIRE_SHARED=1 demands it: pip install '.[dev]'"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _fail_if_missing((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _fail_if_missing((yield))


@pytest.fixture(autouse=True)
def determinism_ends_with_the_test():
    """Takes back what a training run in this process has set, for the tests after it."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework import config

        config.disable_op_determinism()


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    """The five bundled photographs as an open data set, patches of 64 samples."""
    from tfisp import data

    cache = tmp_path_factory.mktemp("scenes")
    return data.open_dataset(
        data.DataConfig("unprocessed", raw_dir="skimage:", patch_size=64, cache_dir=str(cache))
    )
