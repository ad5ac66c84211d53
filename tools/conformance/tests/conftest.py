"""Fixtures: one server that most tests share, and a maker of servers of one's own."""

import pytest

import postgresql
import support


@pytest.fixture(scope="session")
def server():
    """`rung dev` on an empty folder; tests use names of their own in it"""
    yield from support.lasting_server()


@pytest.fixture(scope="session")
def sfn(server):
    return server.client()


@pytest.fixture(scope="session")
def lam(server):
    return server.client("lambda")


@pytest.fixture
def new_server():
    """makes servers that end with the test"""
    made = []

    def make(**options):
        made.append(support.Server(**options))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def database():
    database = postgresql.Database()
    yield database
    database.close()


@pytest.fixture
def name():
    return support.unique()
