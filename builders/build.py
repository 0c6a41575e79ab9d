"""The build: its steps in order, from a source to a release.

    source -> pictures -> claims -> captions (-> review, once somebody decided something) -> records -> release

Each step reads tables, writes tables and a manifest (`workspace.py`), and runs again only when its settings or
inputs changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable, load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.annotations.truth import Evidence
from naturel.annotations.words import load_words
from naturel.builders.audit import audit, passes
from naturel.builders.candidates import claimed_triplets, judge_candidates
from naturel.builders.checks.reading.parser import model_name
from naturel.builders.code import code_digest
from naturel.builders.compose import compose, prune_limit
from naturel.builders.decided import mark_reviewed, read_decided
from naturel.builders.engine import use_runner, write_table
from naturel.builders.facts import facts_of
from naturel.builders.images import gather_pictures
from naturel.builders.leakage import check_leakage
from naturel.builders.llm.money import Estimate, Meter
from naturel.builders.negative_images import Known
from naturel.builders.picture_store import PictureSettings, PictureStore, open_store
from naturel.builders.progress import Progress
from naturel.builders.publishing.errata import errata_of
from naturel.builders.publishing.planning import plan_release
from naturel.builders.publishing.snapshot import snapshot_of
from naturel.builders.release import Contents, finish_release, pictures_in, prepare_release
from naturel.builders.review_facts import caption_groups, review_facts
from naturel.builders.reviewing import REVIEW, Tables, read_reviewed, review
from naturel.builders.settings import BuildSettings, Captioner, NegativeImages, Pictures
from naturel.builders.sources.mirrors import WITH_WRITING, Mirroring, add_mirrors
from naturel.builders.sources.opening import demand_addresses, open_origins
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.reading import read_origins
from naturel.builders.upright import linked_pictures, of_images, upright_objects
from naturel.builders.workspace import MANIFEST, Step, StepResult, Workspace, digest_of
from naturel.builders.writing.captioner import estimate_captions, named_prompts, write_all
from naturel.builders.writing.remembered import remember

CLAIM_LABELS = ("subject_label", "object_label")
UNMAPPED = 50
"""Relation names that no relation of ours stands for: so many are listed, the most frequent ones."""


@dataclass(frozen=True)
class Built:
    """A finished build."""

    release: Path
    version: str
    steps: tuple[Step, ...]
    blind: dict[str, Any]
    """What the attack without pictures found; see `audit`."""
    accepted: bool
    """Whether it told no more than `--max-blind` allows; else the folder is not among the releases."""
    rerun: tuple[str, ...]
    """Steps that had to be run, in order; empty when nothing changed."""
    meter: Meter | None = None
    """Calls to a language model and what they cost in this run; None where none was asked."""


def build(settings: BuildSettings, progress: Progress) -> Built:
    """Run a build, or what is left of it.

    Args:
        settings: What to build, and where.
        progress: Where progress is shown.

    Returns:
        Where the release is, and what each step counted.

    Raises:
        UserError: Something that the user can mend.
    """
    use_runner(settings.runner)
    workspace = Workspace(settings.out)
    with workspace.locked():
        return _Build(settings, workspace, progress).run()


def plan_calls(settings: BuildSettings, progress: Progress) -> Estimate:
    """What asking a model for a build's captions would take; nothing is asked, and no picture is fetched.

    Args:
        settings: A build whose captioner is a model.
        progress: Where progress is shown.

    Returns:
        Calls and money of the first round. Pictures that cannot be had make it less, captions that do not pass more.
    """
    use_runner(settings.runner)
    with TemporaryDirectory() as folder:
        plain = settings.model_copy(update={"out": Path(folder), "images": Pictures.LINK})
        build = _Build(plain, Workspace(plain.out), progress)
        with build.workspace.locked():
            source = build._source()
            claims = build._claims(source, build._pictures(source)).table("claims")
            nouns = build._nouns_of(claims, *CLAIM_LABELS)
        return estimate_captions(settings, claims, build.vocabulary, nouns)


class _Build:
    def __init__(self, settings: BuildSettings, workspace: Workspace, progress: Progress) -> None:
        self.settings = settings
        self.workspace = workspace
        self.progress = progress
        self.vocabulary = load_vocabulary()
        self.code = code_digest()
        self.meter: Meter | None = None
        self.decided = read_decided(settings.out, settings.decisions)
        self.prompts = named_prompts(settings)  # their faults are told before anything is downloaded

    @cached_property
    def nouns(self) -> NounTable:
        """The noun table, with the official hierarchy where the data brings it."""
        hierarchies = [origin.hierarchy for origin in self.origins if origin.hierarchy]
        table = load_nouns()
        return table.with_hierarchy(hierarchies[0]) if hierarchies else table

    def _nouns_of(self, table: pa.Table, *columns: str) -> NounTable:
        """The noun table, with the labels of these columns that it does not have."""
        labels = {label for name in columns for label in table[name].unique().to_pylist() if label}
        return load_words().table_with(sorted(labels), self.nouns)

    @cached_property
    def origins(self) -> tuple[Origin, ...]:
        """The sources, their files found, drawn or downloaded."""
        return open_origins(self.settings, self.workspace.work, self.progress)

    @cached_property
    def inputs(self) -> dict[str, dict[str, str]]:
        """Of each origin, the digest of each file by its name."""
        return {
            origin.place: {path.name: self.workspace.digest_input(path) for path in origin.inputs.values()}
            for origin in self.origins
        }

    def run(self) -> Built:
        """Run the steps."""
        if self.settings.images == Pictures.LINK:
            demand_addresses(self.origins)
        source = self._source()
        pictures = self._pictures(source)
        claims = self._claims(source, pictures)
        captions = self._captions(claims)
        steps = [source, pictures, claims, captions]
        if self.decided.decisions:
            steps.append(self._review(*steps))
        records = self._records(*steps)
        return self._release((*steps, records))

    def _key(self, *before: Step, **more: object) -> dict[str, object]:
        """What shapes a step: the code, the steps before it, and some settings."""
        return {"code": self.code, "after": {step.name: step.digest for step in before}, **more}

    def _source(self) -> Step:
        def run(folder: Path) -> StepResult:
            tables = read_origins(self.origins, self.vocabulary, self.nouns, self.progress)
            if mirroring := self._mirroring:
                tables = add_mirrors(tables, mirroring, self.vocabulary, self.nouns)
            order = ["image_id", "object_id"]
            write_table(tables.objects, schema.OBJECTS, folder / "objects.parquet", order)
            write_table(tables.images, schema.IMAGES, folder / "images.parquet", ["image_id"])
            absent = folder / "absent_labels.parquet"
            write_table(tables.absent_labels, schema.ABSENT_LABELS, absent, ["image_id", "label"])
            order = ["image_id", "relation_id"]
            write_table(tables.relations, schema.RELATIONS, folder / "relations.parquet", order)
            order = ["image_id", "subject_label", "relation", "object_label"]
            write_table(tables.triplets, schema.TRIPLETS, folder / "triplets.parquet", order)
            if tables.tokens is not None:
                write_table(tables.tokens, schema.TOKENS, folder / "tokens.parquet", ["split", "image_id"])
            counts = {
                "images": tables.images.num_rows,
                "objects": tables.objects.num_rows,
                "relations": tables.relations.num_rows,
                "image-triplets": tables.triplets.num_rows,
            }
            return StepResult(
                counts,
                dict(tables.dropped),
                list(tables.notes),
                dict(tables.examples),
                dict(sorted(tables.unmapped.items(), key=lambda item: (-item[1], item[0]))[:UNMAPPED]),
            )

        sources = {
            origin.place: {"inputs": self.inputs[origin.place], **origin.key} for origin in self.origins
        }
        mirrors = self._mirroring and [self._mirroring.records, sorted(self._mirroring.excluded)]
        return self.workspace.step("source", self._key(sources=sources, mirrors=mirrors), run)

    @property
    def _mirroring(self) -> Mirroring | None:
        """Which pictures get a mirror image; None: no picture."""
        settings = self.settings
        if not settings.mirror and settings.negative_images is NegativeImages.OFF:
            return None
        excluded = WITH_WRITING if settings.mirror_exclude is None else settings.mirror_exclude
        return Mirroring(settings.mirror, excluded)

    @cached_property
    def _picture_settings(self) -> PictureSettings:
        return PictureSettings(
            image_size=self.settings.image_size,
            offline=self.settings.offline,
            respect_opt_out=self.settings.respect_opt_out,
        )

    def _store(self) -> PictureStore | None:
        if self.settings.images == Pictures.LINK:
            return None
        return open_store(self.workspace.work / "picture_store", self._picture_settings)

    def _pictures(self, source: Step) -> Step:
        images = source.table("images")
        store = self._store()
        if store is None:
            table = linked_pictures(images)
        else:
            folders: dict[str, list[Path]] = {}
            for origin in self.origins:
                folders.setdefault(origin.name, []).extend(origin.folders)
            index = pa.concat_tables(
                gather_pictures(
                    images.filter(pc.equal(images["source"], name)),
                    dict.fromkeys(places),
                    store,
                    self._picture_settings,
                    self.progress,
                )
                for name, places in folders.items()
            )
            table = index.select(schema.PICTURES.names)

        def run(folder: Path) -> StepResult:
            write_table(table, schema.PICTURES, folder / "pictures.parquet", ["image_id"])
            reasons = (
                table.filter(pc.equal(table["status"], "failed"))["status_reason"].value_counts().to_pylist()
            )
            failed = {f"picture: {entry['values']}": entry["counts"] for entry in reasons}
            return StepResult({"pictures": table.num_rows - sum(failed.values())}, failed)

        digest = digest_of(
            [table[name].to_pylist() for name in ("image_id", "sha256", "turns", "status_reason")]
        )
        return self.workspace.step(
            "pictures", self._key(source, mode=self.settings.images, index=digest), run
        )

    def _claims(self, source: Step, pictures: Step) -> Step:
        def run(folder: Path) -> StepResult:
            usable = pictures.table("pictures")
            usable = usable.filter(pc.equal(usable["status"], "ok"))
            objects = upright_objects(source.table("objects"), usable)
            write_table(objects, schema.OBJECTS, folder / "objects.parquet", ["image_id", "object_id"])
            nouns = self._nouns_of(objects, "label")
            found = of_images(source.table("triplets"), usable)
            triplets = claimed_triplets(found, self.vocabulary, nouns)
            order = ["image_id", "claim_id"]
            write_table(triplets, schema.CLAIMED_TRIPLETS, folder / "triplets.parquet", order)
            dropped = {
                "image-triplet: its picture is missing": source.table("triplets").num_rows - found.num_rows,
                "image-triplet: its claim is another one's too": found.num_rows - triplets.num_rows,
            }
            images = source.table("images")
            complete = images.filter(images["boxes_complete"])["image_id"].combine_chunks()
            evidence = Evidence(
                objects,
                of_images(source.table("absent_labels"), usable),
                of_images(source.table("relations"), usable),
                complete,
            )
            with self.progress.task("claims", triplets.num_rows, "image-triplets") as task:
                judged = judge_candidates(
                    triplets,
                    evidence,
                    self.vocabulary,
                    nouns,
                    self.settings.seed,
                    self.settings.negatives,
                )
                task.advance(triplets.num_rows)
            write_table(judged.claims, schema.CLAIMS, folder / "claims.parquet", ["claim_id"])
            order = ["image_id", "positive_claim", "kind", "rank", "claim_id"]
            write_table(judged.candidates, schema.CANDIDATES, folder / "candidates.parquet", order)
            counts = {"claims": judged.claims.num_rows, "judged": judged.candidates.num_rows}
            counts |= {f"verdicts, {name}": count for name, count in sorted(judged.outcomes.items())}
            return StepResult(counts, dropped)

        options = {"negatives": self.settings.negatives, "seed": self.settings.seed}
        return self.workspace.step("claims", self._key(source, pictures, **options), run)

    def _captions(self, claims: Step) -> Step:
        settings = self.settings

        def run(folder: Path) -> StepResult:
            table = claims.table("claims")
            nouns = self._nouns_of(table, *CLAIM_LABELS)
            made = write_all(settings, table, self.vocabulary, nouns, self.progress)
            self.meter = made.meter
            remember(self.workspace.work, settings)
            order = ["claim_id", "construction", "caption_id"]
            write_table(made.table, schema.CAPTIONS, folder / "captions.parquet", order)
            return StepResult(made.counts, made.dropped, again=made.again)

        options: dict[str, object] = {
            "per_claim": settings.captions_per_claim,
            "seed": settings.seed,
            "reader": model_name(),
        }
        if settings.captioner != Captioner.GRAMMAR:
            # Not the engine: whichever it is, the answers are those of the model.
            options |= {
                "model": settings.model,
                "prompts": self.prompts,
                "attempts": settings.attempts,
                "fallback": settings.fallback,
                "judge": settings.judge,
            }
        return self.workspace.step("captions", self._key(claims, **options), run)

    def _review(self, *steps: Step) -> Step:
        """What people decided: after captions, so that a decision redoes nothing before them."""

        def run(folder: Path) -> StepResult:
            tables = Tables(steps)
            nouns = self._nouns_of(tables["claims"], "subject_label", "object_label")
            return review(folder, tables, self.decided, self.vocabulary, nouns, self.progress)

        return self.workspace.step(REVIEW, self._key(*steps, decisions=self.decided.digest), run)

    def _records(self, *steps: Step) -> Step:
        settings = self.settings

        def run(folder: Path) -> StepResult:
            tables, reviewed = Tables(steps), read_reviewed(steps)
            names = ("candidates", "claims", "triplets", "objects", "images", "pictures")
            known = Known(**{name: tables[name] for name in names})
            adjectives = {one.label: one.adjective for one in self.nouns.attributes.values()}
            composed = compose(
                settings, known, tables["captions"], reviewed, self.vocabulary, adjectives, self.progress
            )
            captions = reviewed.captions if reviewed else tables["captions"]
            edited = reviewed.edits["edited_id"].to_pylist() if reviewed else []
            records = mark_reviewed(composed.records, captions, edited, self.decided)
            base = [field for field in schema.RECORDS if field.name != "version"]
            base += [field for field in records.schema if field.name not in schema.RECORDS.names]
            write_table(records, pa.schema(base), folder / "records.parquet", ["id"])
            return StepResult(dict(composed.counts), dict(composed.dropped), composed.notes)

        names = {"balance", "seed", "negative_images", "holdout", "max_share_triplet", "max_share_relation"}
        options = settings.model_dump(mode="json", include=names)
        if settings.prune:
            options["prune"] = prune_limit(settings)
        return self.workspace.step("records", self._key(*steps, **options), run)

    def _release(self, steps: tuple[Step, ...]) -> Built:
        records = steps[-1]
        table = records.table("records")
        tables, reviewed = Tables(steps), read_reviewed(steps)
        captions = reviewed.captions if reviewed else tables["captions"]
        if table.num_rows == 0:
            reasons = {reason: n for step in steps for reason, n in step.manifest["dropped"].items()}
            why = "; ".join(
                f"{reason}: {n}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1])[:5]
            )
            raise UserError(f"no record could be made, so no release was written. Left out: {why}.")
        errata = errata_of(self.settings.errata, self.settings.out)
        facts = facts_of(self.settings, self.prompts, self.origins, self.inputs, steps) | {"review": {}}
        facts |= {"errata": [erratum.model_dump() for erratum in errata]}
        if reviewed:
            groups = caption_groups(captions, table["caption_ids"].combine_chunks().flatten())
            facts["review"] = review_facts(self.decided.decisions, groups, table["reviewed"])
        digests = {step.name: step.digest for step in steps if step.name in ("captions", "review", "records")}
        content = digest_of({"code": self.code, "facts": facts, **digests})
        root = self.settings.out / "release"
        store = self._store()
        snapshot = snapshot_of("", table, captions, errata, embedded=store is not None)
        plan = plan_release(root, content, self.settings.version, snapshot)
        version = plan.version
        if plan.exists:
            return self._built(root / version, version, steps)
        facts["leakage"] = check_leakage(table)
        images = of_images(tables["images"], pictures_in(table))
        names = ["image_id", "title", "author", "license", "landing_url", "url"]
        contents = Contents(
            records=table,
            captions=captions,
            claims=reviewed.claims if reviewed else tables["claims"],
            attribution=images.select(names),
            tokens=steps[0].table("tokens") if steps[0].has("tokens") else None,
            store=store,
            facts=facts | {"content": content},
            texts=plan.texts,
        )
        partial = prepare_release(contents, root / version, version, self.progress)
        with self.progress.task("audit", None, "attack") as task:
            blind = audit(partial, self.settings.seed, self.settings.max_blind)
            task.advance(1)
        accepted = passes(blind, self.settings.max_blind)
        folder = (root if accepted else self.settings.out / "rejected") / version
        finish_release(partial, folder, version, contents.facts | {"blind": blind})
        self.workspace.rerun.append("release")
        return self._built(folder, version, steps)

    def _built(self, release: Path, version: str, steps: tuple[Step, ...]) -> Built:
        blind = json.loads((release / MANIFEST).read_bytes()).get("blind", {})
        accepted = passes(blind, self.settings.max_blind)
        return Built(release, version, steps, blind, accepted, tuple(self.workspace.rerun), self.meter)
