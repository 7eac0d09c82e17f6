"""One mistake, one finding, and its cure: names from elsewhere, numbers with units, colons that are missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from conftest import ENDPOINT, SMALLEST, smallest_of
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.training_job.model import Channel
from sagespec.kinds.training_job.model.distribution import Distribution
from sagespec.pipeline import Compiler, Options
from sagespec.reading.meant.names import _other_names, other_name  # the table as the program reads it
from sagespec.reading.part import Part
from sagespec.reading.render import Inputs

NOTHING = Inputs()


def hints_of(text: str, knowledge: Facts, folder: Path, inputs: Inputs = NOTHING) -> list[tuple[str, str, int]]:
    """(rule, hint, line) of everything that is said."""
    (folder / "train.py").write_text("import os\nprint(os.environ)\n")
    results = Compiler(Options(inputs, build=False), knowledge).source(Source("job.yaml", text, folder))
    return [(found.rule, found.hint, found.span.line) for result in results for found in result.diagnostics]


def with_line(line: str, *, instead_of: str = "") -> str:
    fields = {key: value for key, value in SMALLEST.items() if key != instead_of}
    return yaml.safe_dump(fields, sort_keys=False) + line + "\n"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("spot: true", "did you mean 'use_spot_instances'?"),
        ("timeout: 3600", "write max_run: 3600; it counts seconds"),
        ("env: {A: b}", "did you mean 'environment'?"),
        ("envs: {A: b}", "did you mean 'environment'?"),
        ("data: s3://bucket/x", "write channels: {train: s3://…}"),
        ("params: {a: 1}", "did you mean 'hyperparameters'?"),
        ("command: python t.py", "write entry_point: train.py; the hyperparameters become its arguments"),
        ("max_runtime_in_seconds: 3600", "write max_run: 3600; it counts seconds"),
        ("MaxRuntimeInSeconds: 3600", "write max_run: 3600; it counts seconds"),
        ("script: t.py", "write entry_point: train.py; the hyperparameters become its arguments"),
        ("instances: 2", "write instance_count: 1 and instance_type: ml.m5.xlarge"),
        ("vpc_config: {Subnets: [a]}", "write subnets: [subnet-…] and security_group_ids: [sg-…]"),
        ("var: {a: 1}", "vars stand in a Defaults document, sagespec.yaml, in this folder or above it"),
        ("vars: {a: 1}", "vars stand in a Defaults document, sagespec.yaml, in this folder or above it"),
        ("project: vision", "it stands in a Defaults document, sagespec.yaml, in this folder or above it"),
        ("metrics: []", "did you mean 'metric_definitions'?"),
        ("NetworkConfig: {}", "write subnets: [subnet-…] and security_group_ids: [sg-…]"),
        ("TensorBoardAppName: x", "a member of the API's request stands under request:"),
        (
            "envs: {dev: {region: us-west-2}}",
            "environments stand in a Defaults document, sagespec.yaml, in this folder or above it",
        ),
        ("train: {s3_uri: s3://bucket/x}", "data stands under channels: {train: s3://…}"),
        ("test: s3://bucket/x", "data stands under channels: {test: s3://…}"),
        ("epochs: 10", "if it is for the script, it stands under hyperparameters: {epochs: …}"),
        ("hyper_parameters: {a: 1}", "did you mean 'hyperparameters'?"),
        ("max_run_hours: 4", "did you mean 'max_run'? write 14400: it counts seconds"),
        ("max_runtime_in_minutes: 60", "did you mean 'max_run'? write 3600: it counts seconds"),
        ("timeout_minutes: 90", "did you mean 'max_run'? write 5400: it counts seconds"),
        ("volume_size_tb: 2", "did you mean 'volume_size'? write 2000: it counts gigabytes"),
        ("volume_size_gb: 50", "did you mean 'volume_size'? write 50: it counts gigabytes"),
        ("version: 1", "'framework_version' is given as well; leave 'version' out"),
        ("training: {epochs: 3}", "if these are for the script, they stand under hyperparameters: {epochs: …}"),
        ("schedule: rate(1 day)", "a manifest has no schedule: let a scheduler run sagespec apply --rerun"),
        ("run: python train.py", "write entry_point: train.py; the hyperparameters become its arguments"),
        ("jobs: [{name: a}]", "write one document for each job, with a line --- between them"),
        ("sweep: {a: [1, 2]}", "write matrix: {learning-rate: [0.1, 0.01]}; each combination is a job"),
        ("restartPolicy: OnFailure", "write on_failure: {retry: always, max_attempts: 3}"),
        ("AlgorithmSpecification: {TrainingInputMode: File}", "this stands at the top of the manifest: input_mode"),
        ("StoppingCondition: {MaxRuntimeInSeconds: 9}", "write max_run: 3600, and max_wait for a spot job"),
        ("OutputDataConfig: {S3OutputPath: s3://bucket/x}", "this stands at the top of the manifest: output_path"),
    ],
)
def test_a_name_from_elsewhere_is_one_finding_with_the_name_here(
    line: str, hint: str, knowledge: Facts, tmp_path: Path
) -> None:
    text = with_line(line)
    assert hints_of(text, knowledge, tmp_path) == [("unknown-field", hint, text.count("\n"))]


@pytest.mark.parametrize(
    ("line", "instead_of", "hint"),
    [
        ("RoleArn: arn:aws:iam::123456789012:role/R", "role", "did you mean 'role'?"),
        ("TrainingJobName: mnist", "name", "did you mean 'name'?"),
        ("machine_type: ml.m5.xlarge", "instance_type", "did you mean 'instance_type'?"),
        ("Instance_Type: ml.m5.xlarge", "instance_type", "did you mean 'instance_type'?"),
        ("instance-type: ml.m5.xlarge", "instance_type", "did you mean 'instance_type'?"),
        (
            "ResourceConfig: {InstanceType: ml.m5.xlarge}",
            "instance_type",
            "this stands at the top of the manifest: instance_type",
        ),
        ("spec: {role: R}", "role", "this stands at the top of the manifest: role"),
        (
            "spec: {resourceConfig: {instanceType: ml.m5.large}, stoppingCondition: {maxRuntimeInSeconds: 9}}",
            "instance_type",
            "these stand at the top of the manifest: instance_type, max_run",
        ),
        (
            "sagemaker: {enabled: true, instance_type: ml.m5.large, use_spot_instances: false, max_run_hours: 4}",
            "instance_type",
            "these stand at the top of the manifest: instance_type, use_spot_instances, max_run",
        ),
        (
            "Parameters: {ResourceConfig: {InstanceType: ml.m5.large, VolumeSizeInGB: 9}}",
            "instance_type",
            "these stand at the top of the manifest: instance_type, volume_size",
        ),
        ("metadata: {name: mnist, namespace: ml}", "name", "this stands at the top of the manifest: name"),
        (
            "source_code: {source_dir: ., entry_script: train.py}",
            "entry_point",
            "these stand at the top of the manifest: source_dir, entry_point",
        ),
    ],
)
def test_what_is_only_misspelt_is_not_missing_too(
    line: str, instead_of: str, hint: str, knowledge: Facts, tmp_path: Path
) -> None:
    found = hints_of(with_line(line, instead_of=instead_of), knowledge, tmp_path)
    assert [(rule, told) for rule, told, _ in found] == [("unknown-field", hint)]


def test_members_of_lists_and_channels_have_other_names_too(knowledge: Facts, tmp_path: Path) -> None:
    text = with_line('metric_definitions: [{Name: loss, Regex: "loss=(.*)"}]\nchannels: {a: {s3_uri: s3://bucket/a}}')
    assert [(rule, hint) for rule, hint, _ in hints_of(text, knowledge, tmp_path)] == [
        ("unknown-field", "did you mean 'name'?"),
        ("unknown-field", "did you mean 'regex'?"),
        ("unknown-field", "did you mean 's3_data'?"),
    ]


@pytest.mark.parametrize(
    ("lines", "rule", "hint", "at"),
    [
        ("hyperparameters:\n- name: epochs\n  value: 3", "wrong-type", "write hyperparameters: {epochs: 3}", 1),
        ("hyperparameters:\n- a: 3\n- b: x", "wrong-type", "write hyperparameters: {a: 3, b: x}", 1),
        ("hyperparameters: --epochs 3 --lr 0.1", "wrong-type", "write hyperparameters: {epochs: 3, lr: 0.1}", 1),
        ("environment:\n- {name: A, value: '3'}", "wrong-type", 'write environment: {A: "3"}', 1),
        ("tags:\n- {Key: team, Value: vision}", "wrong-type", "write tags: {team: vision}", 1),
        (
            "channels:\n- {ChannelName: a, DataSource: {S3DataSource: {S3Uri: s3://bucket/x}}}",
            "wrong-type",
            "write channels: {a: s3://bucket/x}",
            1,
        ),
        (
            "metric_definitions: {loss: l=(.*)}",
            "wrong-type",
            'write metric_definitions: [{name: loss, regex: "l=(.*)"}]',
            1,
        ),
        (
            "hyperparameters:\nepochs: 3\nbatch: 4",
            "unknown-field",
            "indent it, and what follows, if it belongs to 'hyperparameters' above",
            2,
        ),
        ("tags: {team: “vision”}", "curly-quotes", 'write straight quotes: "vision"', 1),
        ("tags: {team: {{ vars.x }}}", "key-not-a-string", 'put it in quotes: "{{ vars.x }}"', 1),
        ("output_path: s3:/bucket/x", "wrong-form", "write s3://bucket/x", 1),
        ("output_path: S3://bucket/x", "wrong-form", "write s3://bucket/x", 1),
        ("output_path: arn:aws:s3:::bucket/x", "wrong-form", "write s3://bucket/x", 1),
        ("output_path: https://bucket.s3.eu-west-1.amazonaws.com/x", "wrong-form", "write s3://bucket/x", 1),
        ("output_path: bucket/x", "wrong-form", "write s3://bucket/x", 1),
        ("output_path: s3://my bucket/x", "wrong-form", "a bucket's name has no blanks", 1),
        ("output_path: s3://${BUCKET} /x", "wrong-form", "a bucket's name has no blanks", 1),
        ("code_location: $BUCKET", "wrong-form", 'write "{{ env.BUCKET }}": a variable of the shell', 1),
        ("framework: TensorFlow", "wrong-form", "write tensorflow", 1),
        ("environment: [A=b, C=d]", "wrong-type", "write environment: {A: b, C: d}", 1),
        ("tags: team=vision", "wrong-type", "write tags: {team: vision}", 1),
        ("metric_definitions: [loss: l=(.*)]", "unknown-field", "write {name: loss, regex: …}", 1),
        ("train_data: s3://bucket/x", "unknown-field", "data stands under channels: {train_data: s3://…}", 1),
        ("channels: {a: S3://bucket/x}", "data-not-in-s3", "write s3://bucket/x", 1),
        ("channels: {a: s3:/bucket/x}", "missing-local-data", "write s3://bucket/x", 1),
        ("source_dir: s3:/bucket/x.tar.gz", "source-dir-not-found", "write s3://bucket/x.tar.gz", 1),
        ("instance_type: ml.m5.XLarge", "wrong-form", "write ml.m5.xlarge", 1),
        ("instance_type: ml-m5-xlarge", "wrong-form", "write ml.m5.xlarge", 1),
        ("instance_type: ml.m5", "wrong-form", "add a size: ml.m5.xlarge", 1),
        ("framework: tf", "unknown-framework", "write framework: tensorflow", 1),
        ("instance_type: Standard_NC6", "wrong-form", "an instance type looks like ml.m5.xlarge", 1),
        ("instance_type: n1-standard-4", "wrong-form", "an instance type looks like ml.m5.xlarge", 1),
        ("hyperparameters: '{\"epochs\": 3}'", "wrong-type", "write hyperparameters: {epochs: 3}", 1),
        ("debugger_hook_config: {s3_output_path: x}", "wrong-form", "for example s3://bucket/prefix", 1),
        (
            "entry_point: python train.py --epochs 3",
            "entry-point-changed-by-shell",
            "write entry_point: train.py; the hyperparameters become its arguments",
            1,
        ),
        (
            "entry_point: /opt/ml/code/train.py",
            "code-outside-project",
            "copy it into the project, and name it by a path relative to the manifest",
            1,
        ),
        ("distribution: horovod", "wrong-type", "write distribution: {mpi: {enabled: true}}", 1),
        ("distribution: {mpi: true}", "wrong-type", "write mpi: {enabled: true}", 1),
        ("metric_definitions: ['loss=(.*)']", "wrong-type", "write a map: {name: …, regex: …}", 1),
        ("volume_size: None", "wrong-type", "leave it out, or write null: None is Python's", 1),
        ("channels: {a: {source: s3://bucket/x}}", "unknown-field", "did you mean 's3_data'?", 1),
        (
            "output_path: {{ .Values.path }}",
            "bad-expression",
            'write "{{ vars.path }}", in quotes; give it with --set path=…, or under vars: in sagespec.yaml',
            1,
        ),
        (
            "output_path: s3://${{ secrets.Bucket }}/x",
            "bad-expression",
            'write "{{ env.BUCKET }}", and set BUCKET in the workflow, under env:',
            1,
        ),
        ("tags: {a: ${{ github.sha }}}", "invalid-yaml", 'put an expression in quotes: "{{ … }}"', 1),
        (
            "output_path: !Sub 's3://${Bucket}/o'",
            "yaml-tag",
            "it is CloudFormation's: write the value itself, or {{ vars.NAME }} or {{ env.NAME }} in quotes",
            1,
        ),
    ],
)
def test_a_value_in_another_tools_form_is_one_finding_with_the_form_here(
    lines: str, rule: str, hint: str, at: int, knowledge: Facts, tmp_path: Path
) -> None:
    text = with_line("# end\n" + lines, instead_of=lines.partition(":")[0])
    begins = text[: text.index("# end")].count("\n") + 1
    variables = Inputs(variables={"x": "a"})
    found = [each for each in hints_of(text, knowledge, tmp_path, variables) if not each[0].startswith("unused")]
    assert found == [(rule, hint, begins + at)]


@pytest.mark.parametrize(
    ("region", "meant"),
    [
        ("us_west_2", "us-west-2"),
        ("us-west2", "us-west-2"),
        ("EU-Central-1", "eu-central-1"),
        ("usgov-west-1", "us-gov-west-1"),
        ("oregon", ""),
    ],
)
def test_a_region_is_spelt_as_aws_does(region: str, meant: str, knowledge: Facts, tmp_path: Path) -> None:
    ((rule, hint, _),) = hints_of(with_line(f"region: {region}", instead_of="region"), knowledge, tmp_path)
    assert (rule, hint) == ("wrong-form", f"write {meant}" if meant else "for example us-west-2")


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        (
            '{"TrainingJobName": "a", "RoleArn": "r", "AlgorithmSpecification": {}}',
            "not-a-manifest",
            "this is a request or a description of SageMaker's API, not a manifest",
        ),
        ("import boto3\nc = boto3.client('x')\n", "not-a-manifest", "this is a program, not a manifest"),
        ("StartAt: A\nStates: {}\n", "not-a-manifest", "this is a state machine of Step Functions, not a manifest"),
        ("Resources: {A: {Type: B}}\n", "not-a-manifest", "this has no field of a manifest"),
        (
            "apiVersion: sagemaker.services.k8s.aws/v1alpha1\nkind: TrainingJob\nspec: {}\n",
            "not-a-manifest",
            "this is a resource of Kubernetes (ACK), not a manifest",
        ),
        (
            "apiVersion: kai.io/v1\nkind: TrainingJob\nmetadata: {name: a}\nspec: {}\n",
            "not-a-manifest",
            "this is a resource of Kubernetes, not a manifest",
        ),
        (
            "name: CI\non: [push]\njobs: {a: {steps: [run: x]}}\n",
            "not-a-manifest",
            "this is a workflow of GitHub Actions, not a manifest",
        ),
        (
            "Train: {Type: Task, Resource: 'arn:aws:states:::sagemaker:createTrainingJob.sync', Parameters: {}}\n",
            "not-a-manifest",
            "this is a state of Step Functions, not a manifest",
        ),
        (
            "Version: '2020-12-01'\nParameters: []\nSteps: []\n",
            "not-a-manifest",
            "this is a definition of a SageMaker pipeline, not a manifest",
        ),
        (
            "AWSTemplateFormatVersion: '2010-09-09'\nResources: {M: {Properties: {RoleArn: !GetAtt Role.Arn}}}\n",
            "not-a-manifest",
            "this is a template of CloudFormation, not a manifest",
        ),
        (
            "SchemaVersion: '1.0'\nSageMaker: {TrainingJob: {RoleArn: r}}\n",
            "not-a-manifest",
            "this is the SageMaker SDK's file of defaults, not a manifest",
        ),
        (
            "apiVersion: sagemaker.aws.amazon.com/v1\nkind: TrainingJob\nmetadata: {name: a}\nspec: {}\n",
            "not-a-manifest",
            "this is a resource of Kubernetes (the old operator), not a manifest",
        ),
        (
            "name: a\nresources: {accelerators: V100, use_spot: true}\nrun: python train.py\n",
            "not-a-manifest",
            "this is a task of SkyPilot, not a manifest",
        ),
        (
            "training_job: {instance_type: ml.p3.8xlarge, instance_count: 4}\n",
            "not-a-manifest",
            "this has hardly a field of a manifest",
        ),
        (
            "kind: TrainingJob\nspec:\n  {{- range $key, $value := .Values.hyperparameters }}\n  a: {{ $key }}\n",
            "invalid-yaml",
            "this is not YAML: '{{- range $key, $value := .Values.hyperparameters }}' belongs to a template",
        ),
        (
            "name: a\n{% for x in xs %}\n---\n{% endfor %}\n",
            "invalid-yaml",
            "this is not YAML: '{% for x in xs %}' belongs to a template",
        ),
        ("apiVersion: v2\nname: chart\nversion: 0.1.0\n", "not-a-manifest", "this has hardly a field of a manifest"),
        (
            "name: a\nchannels: [conda-forge]\ndependencies: [python]\n",
            "not-a-manifest",
            "this is an environment of conda, not a manifest",
        ),
        ("- a\n", "not-a-map", "a manifest is a map of fields"),
        ("name: 'a\nrole: b\n", "invalid-yaml", "this is not YAML: the ' that begins here is not closed"),
        ("name: a\ntags: {a: b\n", "invalid-yaml", "this is not YAML: the { that begins here is not closed"),
        ("name: a\ntags: {a: b\nrole: c}\n", "invalid-yaml", "this is not YAML: a ',' or a '}' is missing before this"),
    ],
)
def test_what_is_not_a_manifest_at_all_is_one_finding(
    text: str, rule: str, message: str, knowledge: Facts, tmp_path: Path
) -> None:
    (result, *_) = Compiler(Options(Inputs(), build=False), knowledge).source(Source("j.yaml", text, tmp_path))
    assert [(found.rule, found.message) for found in result.diagnostics] == [(rule, message)]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("apiVersion: v1\nkind: A\nspec: {}\n---\napiVersion: v1\nkind: B\nspec: {}\n", ["a resource of Kubernetes"]),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", ["a resource of Kubernetes"]),
        ("{{ if .Values.enabled }}\napiVersion: v1\nkind: A\n{{ end }}\n", ["to a template"]),
        ('metadata:\n  name: {{ include "chart.name" . }}-x\n  spec: {}\n', ["to a template"]),
    ],
)
def test_a_file_of_another_tool_is_one_finding_however_much_it_holds(
    text: str, messages: list[str], knowledge: Facts, tmp_path: Path
) -> None:
    results = Compiler(Options(Inputs(), build=False), knowledge).source(Source("j.yaml", text, tmp_path))
    told = [found.message for result in results for found in result.diagnostics]
    assert len(told) == len(messages)
    assert all(words in message for words, message in zip(messages, told, strict=True))


@pytest.mark.parametrize(
    ("raw", "message"),
    [("name: a\n".encode("utf-16"), "the file is UTF-16"), (b"\x89PNG\r\n\x1a\n\0\0", "the file is not text")],
)
def test_a_file_that_is_not_text_is_reported_as_what_it_is(
    raw: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_bytes(raw)
    assert run(["validate", str(tmp_path / "a.yaml")]) == 1
    assert f"error: {message} [not-utf8]" in capsys.readouterr().out


def test_what_is_missing_is_missing_in_the_manifest_whatever_its_defaults_have(
    knowledge: Facts, tmp_path: Path
) -> None:
    (tmp_path / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\n")
    text = yaml.safe_dump({key: value for key, value in SMALLEST.items() if key != "apiVersion"}, sort_keys=False)
    results = Compiler(Options(Inputs(), build=False), knowledge).source(Source("job.yaml", text, tmp_path))
    (found,) = [each for result in results for each in result.diagnostics if each.rule == "missing-field"]
    assert (found.path, found.span.line, found.hint) == ("job.yaml", 1, 'add apiVersion: "sagespec/v1"')


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        ("var: {a: 1}", "did you mean 'vars'?"),
        ("variables: {a: 1}", "did you mean 'vars'?"),
        ("envs: {dev: {region: us-west-2}}", "did you mean 'environments'?"),
        ("trainingjob: {instance_count: 1}", "did you mean 'TrainingJob'?"),
        ("TrainingJobs: {instance_count: 1}", "did you mean 'TrainingJob'?"),
        ("max_cost: 5", "did you mean 'max_job_cost'?"),
        ("spec: {region: us-west-2}", "this stands at the top of the manifest: region"),
        ("environments: [{name: dev}]", "write environments: {dev: {region: us-west-2}}"),
        ("vars: [a]", "write vars: {bucket: my-bucket}"),
        (
            "environment: {dev: {region: us-west-2}}",
            "these are variables of the container; dev, prod and the like stand under environments: in a Defaults "
            "document, sagespec.yaml",
        ),
    ],
)
def test_a_slip_in_defaults_is_one_finding_with_what_stands_there(
    lines: str, hint: str, knowledge: Facts, tmp_path: Path
) -> None:
    text = f"apiVersion: sagespec/v1\nkind: Defaults\n{lines}\n"
    results = Compiler(Options(Inputs(), build=False), knowledge).source(Source("sagespec.yaml", text, tmp_path))
    assert [(found.hint, found.span.line) for result in results for found in result.diagnostics] == [(hint, 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_another_kind_is_reported_as_such_and_not_as_a_misspelt_one(
    kind: str, knowledge: Facts, tmp_path: Path
) -> None:
    own, smallest = kind_named(kind).model, smallest_of(kind)
    there = [*own.fields, *own.renamed]
    every = {name: other for other in reversed(KINDS) if other != kind for name in kind_named(other).model.fields}
    foreign = [(name, other) for name, other in every.items() if name not in there]
    foreign = [(name, other) for name, other in foreign if other_name(own, (name,)) is None]
    assert len(foreign) > 10
    for name, other in foreign:
        found = hints_of(json.dumps({**smallest, name: "x"}), knowledge, tmp_path)
        assert [(rule, hint) for rule, hint, _ in found if rule == "unknown-field"] == [
            ("unknown-field", f"only kind: {other} has it; leave it out")
        ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["project", "prices", "max_job_cost", "max_total_cost", "vars", "environments"])
def test_what_stands_in_defaults_is_reported_to_stand_there(
    kind: str, name: str, knowledge: Facts, tmp_path: Path
) -> None:
    smallest = smallest_of(kind)
    [(rule, hint, _)] = hints_of(json.dumps({**smallest, name: {"a": {"b": 1}}}), knowledge, tmp_path)
    assert rule == "unknown-field"
    assert hint.endswith("in a Defaults document, sagespec.yaml, in this folder or above it")


def test_a_map_in_an_endpoint_s_env_is_reported_what_it_may_be(knowledge: Facts, tmp_path: Path) -> None:
    [(rule, hint, _)] = hints_of(json.dumps({**ENDPOINT, "env": {"prod": {"A": "b"}}}), knowledge, tmp_path)
    assert (rule, hint.partition(":")[0]) == (
        "wrong-type",
        "these are variables of the container; dev, prod and the like stand under environments",
    )


PARTS = (kind_named("TrainingJob").model, kind_named("Endpoint").model, Channel, Distribution)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_other_name_leads_to_a_field_that_there_is(part: type[Part]) -> None:
    names = _other_names(part.other_names)
    assert {name.field for name in names.values()} <= {*part.fields, None}
    assert all(name.field or name.hint for name in names.values())
    assert names.keys().isdisjoint(field.replace("_", "").lower() for field in part.fields)
    assert all(name.isascii() and name.isalnum() and name.islower() for name in names)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_no_other_name_stands_in_two_lines(part: type[Part]) -> None:
    lines = part.other_names.strip().replace("\n  ", " ").splitlines()
    names = [name for line in lines for name in line.rpartition(": ")[2].split()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("max_run: 2 * 60 * 60", "write 7200: it counts seconds"),
        ("max_run: 3_600", "write 3600: it counts seconds"),
        ("max_run: 1h30m", "write 5400: it counts seconds"),
        ("max_run: 1.5h", "write 5400: it counts seconds"),
        ("volume_size: 0.5TB", "write 500: it counts gigabytes"),
        ("max_run: 2 hours", "write 7200: it counts seconds"),
        ("max_run: 24:00:00", "write 86400: it counts seconds"),
        ("max_run: PT2H30M", "write 9000: it counts seconds"),
        ("max_run: soon", ""),
        ("max_run: 2 **", ""),
        ("volume_size: 100GB", "write 100: it counts gigabytes"),
        ("volume_size: 1 TiB", "write 1000: it counts gigabytes"),
    ],
)
def test_a_number_with_a_unit_is_calculated(line: str, hint: str, knowledge: Facts, tmp_path: Path) -> None:
    found = hints_of(with_line(line, instead_of="max_run"), knowledge, tmp_path)
    assert [(rule, told) for rule, told, _ in found] == [("wrong-type", hint)]


@pytest.mark.parametrize(
    ("text", "line", "cure"),
    [
        ("apiVersion: sagespec/v1\nkind TrainingJob\nname: a\n", 2, "write kind: …"),
        ("apiVersion: sagespec/v1\nkind:TrainingJob\nname: a\n", 2, "write kind: …"),
        ("apiVersion: sagespec/v1\nname:a\n", 2, "write name: …"),
        ("apiVersion: sagespec/v1\nname: a\ninstance_count 1\n", 3, "write instance_count: …"),
        ("apiVersion: sagespec/v1\nname: a\ninstance_count:1\n", 3, "write instance_count: …"),
        ("name:a\napiVersion: sagespec/v1\n", 1, "write name: …"),
        ("apiVersion: sagespec/v1\nhyperparameters:\n  epochs 3\n\n  lr: 0.1\n", 3, "write epochs: …"),
    ],
)
def test_a_missing_colon_is_reported_where_it_is_missing(
    text: str, line: int, cure: str, knowledge: Facts, tmp_path: Path
) -> None:
    (result, *_) = Compiler(Options(Inputs(), build=False), knowledge).source(Source("j.yaml", text, tmp_path))
    (found,) = result.diagnostics
    assert (found.rule, found.span.line, found.hint) == ("invalid-yaml", line, cure)


def test_a_file_that_is_given_twice_is_read_once(tmp_path: Path, knowledge: Facts) -> None:
    (tmp_path / "job.yaml").write_text(json.dumps(SMALLEST))
    path = str(tmp_path / "job.yaml")
    given = [path, str(tmp_path), f"{tmp_path}/./job.yaml", path]
    assert len(list(Compiler(Options(Inputs(), build=False), knowledge).run(given))) == 1


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("Default", "did you mean Defaults?"),
        ("Job", "did you mean TrainingJob?"),
        ("Model", "did you mean Endpoint?"),
        ("HyperParameterTuningJob", "write kind: TrainingJob with a matrix, which makes one job for each combination"),
        ("ProcessingJob", f"write one of {', '.join(KINDS)}, Defaults"),
    ],
)
def test_an_unknown_kind_is_one_finding(kind: str, hint: str, tmp_path: Path, knowledge: Facts) -> None:
    text = json.dumps({**SMALLEST, "kind": kind})
    assert [(rule, told) for rule, told, _ in hints_of(text, knowledge, tmp_path)] == [("unknown-kind", hint)]


def test_a_manifest_without_its_first_lines_is_reported_so_first_and_once(tmp_path: Path, knowledge: Facts) -> None:
    text = json.dumps({"entry_point": "train.py", "instance_type": "ml.m5.large", "instance_count": 1, "max_run": 60})
    (first, *others) = hints_of(text, knowledge, tmp_path)
    assert first == ("missing-field", "begin with the lines apiVersion: sagespec/v1 and kind: TrainingJob", 1)
    assert [hint for _, hint, _ in others if "apiVersion" in hint or "kind" in hint] == []


@pytest.mark.parametrize("framework", ["tensorflow==2.19", {"name": "TensorFlow", "version": "2.19"}])
def test_a_framework_with_its_version_is_one_finding(framework: object, tmp_path: Path, knowledge: Facts) -> None:
    fields = {key: value for key, value in SMALLEST.items() if key != "framework_version"}
    found = hints_of(json.dumps({**fields, "framework": framework}), knowledge, tmp_path)
    assert [hint for _, hint, _ in found] == ['write framework: tensorflow and framework_version: "2.19"']


@pytest.mark.parametrize(
    ("type_", "rule", "hint"),
    [
        ("ml.g5.xlage", "misspelt-instance-type", "did you mean ml.g5.xlarge?"),
        ("ml.p3.xlarge", "unknown-instance-type", "did you mean ml.p3.2xlarge?"),
    ],
)
def test_an_instance_type_that_there_is_not_is_one_finding_with_the_near_one(
    type_: str, rule: str, hint: str, knowledge: Facts, tmp_path: Path
) -> None:
    found = hints_of(with_line(f"instance_type: {type_}", instead_of="instance_type"), knowledge, tmp_path)
    assert [(name, told) for name, told, _ in found] == [(rule, hint)]


def test_a_wrong_environment_is_reported_once_and_jobs_and_cures_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import os\nprint(os.environ)\n")
    (tmp_path / "sagespec.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Defaults\nenvironments: {prod: {region: us-west-2}}\n"
    )
    matrix = {"matrix": {"x": list(range(12))}, "name": "a-{{ matrix.x }}"}
    (tmp_path / "sweep.yaml").write_text(json.dumps({**SMALLEST, **matrix}))
    assert run(["validate", "--env", "typo", "sweep.yaml"]) == 1
    assert capsys.readouterr().out.count("error:") == 1
    assert run(["validate", "sweep.yaml"]) == 0
    assert capsys.readouterr().err.startswith("12 jobs in 1 manifest")
    (tmp_path / "old.yaml").write_text(with_line("train_max_run: 60\ntrain_volume_size: 50"))
    assert run(["validate", "old.yaml"]) == 1
    assert "2 fixable with --fix" in capsys.readouterr().err
