import hashlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_archives import make_zip, picture

from autofaces.core.arrays import PARTS
from autofaces.core.files import BadInput
from autofaces.data import splits


def table(people: list[int], contents: list[int] | None = None, official: list[str] | None = None) -> pd.DataFrame:
    """Image i of person people[i], its bytes known by number; every one readable."""
    made = pd.DataFrame({"file": [f"a.zip/{i:04}.jpg" for i in range(len(people))]})
    made["identity"] = [f"p{person}" for person in people]
    if official is not None:
        categories = [part for part in PARTS if part in official]
        made["official"] = pd.Categorical(official, categories=categories)
    contents = list(range(len(people))) if contents is None else contents
    made["sha256"] = [hashlib.sha256(str(c).encode()).hexdigest() for c in contents]
    made["problem"] = ""
    return made


def share(made: pd.DataFrame, rule: str, validation: float = 0.1, test: float = 0.1, seed: int = 0) -> pd.DataFrame:
    return splits.split(made, "faces", rule, validation, test, seed)


@st.composite
def tables(draw) -> pd.DataFrame:
    """Up to 120 images of at least 30 people, some byte-identical, also across people."""
    people = [*range(30), *draw(st.lists(st.integers(0, 40), max_size=90))]
    twins = draw(st.dictionaries(st.integers(0, len(people) - 1), st.integers(0, len(people) - 1), max_size=8))
    return table(people, [twins.get(i, i) for i in range(len(people))])


class TestSplit:
    @given(tables(), st.sampled_from(["identity", "random"]), st.integers(0, 5))
    @settings(max_examples=40, deadline=None)
    def test_no_group_is_on_two_sides_and_every_image_is_on_one(self, made, rule, seed):
        found = share(made, rule, seed=seed)
        assert list(found.file) == list(made.file)
        assert set(found.split) == set(PARTS)
        together = found.join(made.sha256)
        for key in ["group", "sha256", *(["identity"] if rule == "identity" else [])]:
            assert together.groupby(key).split.nunique().max() == 1

    @given(tables(), st.sampled_from(["identity", "random"]), st.floats(0.05, 0.3), st.floats(0.05, 0.3))
    @settings(max_examples=40, deadline=None)
    def test_shares_are_met_within_one_group(self, made, rule, validation, test):
        found = share(made, rule, validation, test)
        largest = found.group.value_counts().max()
        for part, wanted in {"test": test, "validation": validation}.items():
            missing = round(wanted * len(made)) - (found.split == part).sum()
            assert 0 <= missing < largest

    @given(tables(), st.sampled_from(["identity", "random"]), st.randoms())
    @settings(max_examples=30, deadline=None)
    def test_the_order_of_the_rows_does_not_matter(self, made, rule, random):
        order = list(made.index)
        random.shuffle(order)
        pd.testing.assert_frame_equal(share(made, rule), share(made.loc[order], rule))

    def test_single_groups_give_exact_shares(self):
        counts = share(table(list(range(200))), "identity", 0.15, 0.1).split.value_counts()
        assert counts.to_dict() == {"train": 150, "validation": 30, "test": 20}

    def test_another_seed_shares_out_differently(self):
        made = table(list(range(100)))
        assert list(share(made, "random", seed=1).split) != list(share(made, "random", seed=2).split)

    def test_persons_with_a_common_image_are_one_group(self):
        found = share(table([0, 0, 1, 1, 2, *range(3, 40)], [0, 1, 1, 3, 3, *range(5, 42)]), "identity")
        assert list(found.group[:5]) == ["p0"] * 5

    def test_the_rule_random_groups_copies_only(self):
        found = share(table([0, 0, 0, *range(1, 40)], [7, 7, 8, *range(10, 49)]), "random")
        assert found.group[0] == found.group[1] != found.group[2]

    def test_labels_follow_and_the_rest_does_not(self):
        made = table(list(range(30))).assign(Smiling=1)
        assert list(share(made, "identity").columns) == ["file", "split", "group", "identity", "Smiling"]

    def test_unreadable_images_are_kept_in_the_table_and_left_out(self):
        made = table(list(range(30)))
        made.loc[3, "problem"] = "cut"
        found = share(made, "identity")
        assert found[found.split == "unreadable"].file.tolist() == ["a.zip/0003.jpg"]
        assert found.group[3] == ""

    def test_the_official_partition_is_followed(self):
        parts = [*["train"] * 8, "validation", "test"]
        assert list(share(table(list(range(10)), official=parts), "official").split) == parts

    def test_a_partition_without_validation_gives_up_a_share_of_its_training_part(self):
        found = share(table(list(range(30)), official=["train"] * 20 + ["test"] * 10), "official", validation=0.25)
        assert found.split[:20].value_counts().to_dict() == {"train": 15, "validation": 5}
        assert set(found.split[20:]) == {"test"}

    def test_copies_across_official_parts_stay_in_the_last_only(self, capsys):
        parts = ["train", "train", "train", "validation", "validation", "test"]
        found = share(table(list(range(6)), [0, 1, 2, 1, 4, 2], parts), "official")
        assert list(found.split) == ["train", "duplicate", "duplicate", "validation", "validation", "test"]
        assert "faces: 2 images left out: byte-identical" in capsys.readouterr().out

    def test_a_person_in_two_official_parts_is_an_error(self):
        made = table([0, 1, 1, 2], official=["train", "train", "test", "validation"])
        with pytest.raises(BadInput, match=r"person p1 on 2 sides; set profiles\.<your profile>\.split\.faces: id"):
            share(made, "official")

    def test_an_empty_official_part_says_what_to_set(self):
        made = table(list(range(9)), official=["train"] * 9)
        made["official"] = made.official.cat.set_categories(PARTS)
        message = (
            "faces: the official partition leaves validation, test empty: all 9 images given are in its train part; "
            r"set profiles\.<your profile>\.split\.faces: identity"
        )
        with pytest.raises(BadInput, match=message):
            share(made, "official")

    def test_too_few_groups_say_what_to_set(self):
        with pytest.raises(BadInput, match=r"test, .*rule identity cannot share out 5 images|test empty: rule id"):
            share(table([0, 0, 0, 0, 1]), "identity", 0.2, 0.1)

    @pytest.mark.parametrize(
        ("rule", "column", "message"),
        [("identity", "identity", "who is in an image"), ("official", "official", "an official partition")],
    )
    def test_a_rule_that_needs_what_is_not_known_is_an_error(self, rule, column, message):
        made = table(list(range(30)), official=["train"] * 30).drop(columns=column)
        with pytest.raises(BadInput, match=f"faces: split {rule}: its files do not say {message}"):
            share(made, rule)


class TestChoose:
    def test_all_when_no_cap_or_a_larger_one_is_set(self):
        made = table(list(range(30)))
        assert splits.choose(made, "faces", "random", None, 0) is made
        assert splits.choose(made, "faces", "random", 30, 0) is made

    @given(tables(), st.sampled_from(["identity", "random"]), st.integers(1, 29), st.randoms())
    @settings(max_examples=30, deadline=None)
    def test_exactly_so_many_whatever_the_order(self, made, rule, images, random):
        chosen = splits.choose(made, "faces", rule, images, 0)
        order = list(made.index)
        random.shuffle(order)
        assert len(chosen) == images
        assert sorted(splits.choose(made.loc[order], "faces", rule, images, 0).file) == list(chosen.file)

    @given(tables(), st.integers(1, 29))
    @settings(max_examples=30, deadline=None)
    def test_only_one_person_is_cut(self, made, images):
        chosen = splits.choose(made, "faces", "identity", images, 0).identity.value_counts()
        whole = made.identity.value_counts()[chosen.index]
        assert (chosen < whole).sum() <= 1

    @pytest.mark.parametrize(("images", "expected"), [(50, (40, 5, 5)), (31, (25, 3, 3)), (10, (8, 1, 1))])
    def test_official_parts_shrink_in_proportion(self, images, expected):
        made = table(list(range(100)), official=["train"] * 80 + ["validation"] * 10 + ["test"] * 10)
        chosen = splits.choose(made, "faces", "official", images, 0)
        assert tuple(chosen.official.value_counts(sort=False)) == expected


class TestInspect:
    @pytest.fixture
    def raw(self, tmp_path):
        content = {f"{i:03}.jpg": picture(i) for i in range(100)}
        content["007.jpg"] = content["007.jpg"][:-200]
        content["008.jpg"] = content["009.jpg"]
        make_zip(tmp_path / "a.zip", content)
        return tmp_path

    def test_hashes_bytes_and_reports_what_cannot_be_read(self, raw, capsys):
        found = splits.inspect(raw, pd.DataFrame({"file": [f"a.zip/{i:03}.jpg" for i in range(100)]}))
        assert found.sha256[3] == hashlib.sha256(picture(3)).hexdigest()
        assert found.sha256[8] == found.sha256[9]
        assert found.index[found.problem != ""].tolist() == [7]
        assert "1 of 100 images are unreadable and left out" in capsys.readouterr().out

    def test_more_than_one_percent_stops(self, raw):
        chosen = pd.DataFrame({"file": [f"a.zip/{i:03}.jpg" for i in range(99)]})
        with pytest.raises(BadInput, match=r"1 of 99 images are unreadable, more than 1%(.|\n)*a\.zip/007\.jpg: not"):
            splits.inspect(raw, chosen)


def test_the_table_is_written_with_unix_ends_and_the_same_bytes_each_time(tmp_path):
    found = share(table(list(range(30))), "identity")
    for name in ("a.csv", "b.csv"):
        splits.write(tmp_path / name, found)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.csv").read_bytes().startswith(b"file,split,group,identity\na.zip/0000.jpg,")
