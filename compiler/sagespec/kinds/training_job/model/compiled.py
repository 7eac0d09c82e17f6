"""Written by `model.build`: what pydantic makes of the declarations in this folder."""

from __future__ import annotations

from typing import Any

from sagespec.kinds.training_job.model.channel import Channel, ShuffleConfig
from sagespec.kinds.training_job.model.forms import from_location, one_channel_is_training, only_false
from sagespec.kinds.training_job.model.job import Job
from sagespec.kinds.training_job.model.parts import CompilerConfig, DataParallel, DebugCollection, DebuggerHookConfig, Distribution, ExperimentConfig, InstanceGroup, InstancePlacementConfig, MetricDefinition, ModelParallel, Mpi, MultiWorkerMirroredStrategy, OnFailure, ParameterServer, PlacementSpecification, ProfilerConfig, PyTorchDdp, PyTorchXla, Rule, SmDistributed, TensorBoardOutputConfig, TorchDistributed

_CLOSED = {"strict": True, "extra_fields_behavior": "forbid"}

_INSTANCEGROUP = {'type': 'model', 'cls': InstanceGroup, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'InstanceGroup', 'fields': {
    'instance_group_name': {'type': 'model-field', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 64}},
    'instance_type': {'type': 'model-field', 'schema': {'type': 'str', 'pattern': '^(ml\\.[a-z0-9-]+\\.[a-z0-9]+|local|local_gpu)$'}, 'metadata': {'title': 'an instance type such as ml.m5.xlarge, or local', 'examples': ['ml.m5.xlarge', 'ml.g5.xlarge', 'local']}},
    'instance_count': {'type': 'model-field', 'schema': {'type': 'int', 'ge': 1}, 'metadata': {'title': 'a whole number, 1 or more'}},
}}}
_PLACEMENTSPECIFICATION = {'type': 'model', 'cls': PlacementSpecification, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'PlacementSpecification', 'fields': {
    'ultra_server_id': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 256}}, 'default': None}},
    'instance_count': {'type': 'model-field', 'schema': {'type': 'int', 'ge': 1}, 'metadata': {'title': 'a whole number, 1 or more'}},
}}}
_INSTANCEPLACEMENTCONFIG = {'type': 'model', 'cls': InstancePlacementConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'InstancePlacementConfig', 'fields': {
    'enable_multiple_jobs': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'placement_specifications': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': _PLACEMENTSPECIFICATION, 'max_length': 10}}, 'default': None}},
}}}
_PARAMETERSERVER = {'type': 'model', 'cls': ParameterServer, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'ParameterServer', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
}}}
_MPI = {'type': 'model', 'cls': Mpi, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'Mpi', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'processes_per_host': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 1, 'metadata': {'title': 'a whole number, 1 or more'}}}, 'default': None}},
    'custom_mpi_options': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str'}}, 'default': None}},
}}}
_MULTIWORKERMIRROREDSTRATEGY = {'type': 'model', 'cls': MultiWorkerMirroredStrategy, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'MultiWorkerMirroredStrategy', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
}}}
_PYTORCHDDP = {'type': 'model', 'cls': PyTorchDdp, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'PyTorchDdp', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'custom_mpi_options': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str'}}, 'default': None}},
}}}
_TORCHDISTRIBUTED = {'type': 'model', 'cls': TorchDistributed, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'TorchDistributed', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
}}}
_PYTORCHXLA = {'type': 'model', 'cls': PyTorchXla, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'PyTorchXla', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
}}}
_DATAPARALLEL = {'type': 'model', 'cls': DataParallel, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'DataParallel', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'custom_mpi_options': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str'}}, 'default': None}},
}}}
_MODELPARALLEL = {'type': 'model', 'cls': ModelParallel, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'ModelParallel', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'parameters': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'any'}}}, 'default': None}},
}}}
_SMDISTRIBUTED = {'type': 'model', 'cls': SmDistributed, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'SmDistributed', 'fields': {
    'dataparallel': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _DATAPARALLEL}, 'default': None}},
    'modelparallel': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _MODELPARALLEL}, 'default': None}},
}}}
_DISTRIBUTION = {'type': 'model', 'cls': Distribution, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'Distribution', 'fields': {
    'parameter_server': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _PARAMETERSERVER}, 'default': None}},
    'mpi': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _MPI}, 'default': None}},
    'multi_worker_mirrored_strategy': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _MULTIWORKERMIRROREDSTRATEGY}, 'default': None}},
    'pytorchddp': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _PYTORCHDDP}, 'default': None}},
    'torch_distributed': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _TORCHDISTRIBUTED}, 'default': None}},
    'pytorchxla': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _PYTORCHXLA}, 'default': None}},
    'smdistributed': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _SMDISTRIBUTED}, 'default': None}},
    'instance_groups': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str'}, 'min_length': 1}}, 'default': None}},
}}}
_COMPILERCONFIG = {'type': 'model', 'cls': CompilerConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'CompilerConfig', 'fields': {
    'enabled': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': True}},
    'debug': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
}}}
_SHUFFLECONFIG = {'type': 'model', 'cls': ShuffleConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'ShuffleConfig', 'fields': {
    'seed': {'type': 'model-field', 'schema': {'type': 'int'}},
}}}
_CHANNEL = {'type': 'model', 'cls': Channel, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'Channel', 'fields': {
    's3_data': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 1024, 'metadata': {'title': 'an S3 URI or a path', 'examples': ['s3://bucket/prefix', 'data/train']}}}, 'default': None}},
    'path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1}}, 'default': None}},
    'file_system_id': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 21, 'pattern': '^fs-[0-9a-f]{8,}$'}}, 'default': None}},
    'file_system_type': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['EFS', 'FSxLustre']}}, 'default': None}},
    'directory_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 4096}}, 'default': None}},
    'file_system_access_mode': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['ro', 'rw']}}, 'default': None}},
    'distribution': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['FullyReplicated', 'ShardedByS3Key']}}, 'default': None}},
    'compression': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['None', 'Gzip']}}, 'default': None}},
    'content_type': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 256, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'one line of at most 256 characters'}}}, 'default': None}},
    'record_wrapping': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['None', 'RecordIO']}}, 'default': None}},
    's3_data_type': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['S3Prefix', 'ManifestFile', 'AugmentedManifestFile']}}, 'default': None}},
    'instance_groups': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'min_length': 1, 'max_length': 64}, 'max_length': 5}}, 'default': None}},
    'input_mode': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['File', 'Pipe', 'FastFile']}}, 'default': None}},
    'attribute_names': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'min_length': 1, 'max_length': 256}, 'max_length': 16}}, 'default': None}},
    'target_attribute_name': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str'}}, 'default': None}},
    'shuffle_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _SHUFFLECONFIG}, 'default': None}},
}}}
_METRICDEFINITION = {'type': 'model', 'cls': MetricDefinition, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'MetricDefinition', 'fields': {
    'name': {'type': 'model-field', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 255}},
    'regex': {'type': 'model-field', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 500}},
}}}
_DEBUGCOLLECTION = {'type': 'model', 'cls': DebugCollection, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'DebugCollection', 'fields': {
    'collection_name': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 256, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'one line of at most 256 characters'}}}, 'default': None}},
    'collection_parameters': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'str'}}}, 'default': None}},
}}}
_DEBUGGERHOOKCONFIG = {'type': 'model', 'cls': DebuggerHookConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'DebuggerHookConfig', 'fields': {
    's3_output_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'local_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 4096, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'a path in the container'}}}, 'default': None}},
    'hook_parameters': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'str'}}}, 'default': None}},
    'collection_configurations': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': _DEBUGCOLLECTION, 'max_length': 20}}, 'default': None}},
}}}
_RULE = {'type': 'model', 'cls': Rule, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'Rule', 'fields': {
    'rule_configuration_name': {'type': 'model-field', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 256}},
    'rule_evaluator_image': {'type': 'model-field', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 255, 'pattern': '^\\S+$'}, 'metadata': {'title': 'the address of an image'}},
    'local_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 4096, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'a path in the container'}}}, 'default': None}},
    's3_output_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'instance_type': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str'}}, 'default': None}},
    'volume_size_in_gb': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 0}}, 'default': None}},
    'rule_parameters': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'str'}, 'max_length': 100}}, 'default': None}},
}}}
_PROFILERCONFIG = {'type': 'model', 'cls': ProfilerConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'ProfilerConfig', 'fields': {
    's3_output_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'profiling_interval_in_milliseconds': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': [100, 200, 500, 1000, 5000, 60000]}}, 'default': None}},
    'profiling_parameters': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'str'}}}, 'default': None}},
    'disable_profiler': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
}}}
_TENSORBOARDOUTPUTCONFIG = {'type': 'model', 'cls': TensorBoardOutputConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'TensorBoardOutputConfig', 'fields': {
    's3_output_path': {'type': 'model-field', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$'}, 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}},
    'local_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 4096, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'a path in the container'}}}, 'default': None}},
}}}
_EXPERIMENTCONFIG = {'type': 'model', 'cls': ExperimentConfig, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'ExperimentConfig', 'fields': {
    'experiment_name': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 120, 'pattern': '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$', 'metadata': {'title': 'a name'}}}, 'default': None}},
    'trial_name': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 120, 'pattern': '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$', 'metadata': {'title': 'a name'}}}, 'default': None}},
    'trial_component_display_name': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 120, 'pattern': '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$', 'metadata': {'title': 'a name'}}}, 'default': None}},
    'run_name': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 120, 'pattern': '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$', 'metadata': {'title': 'a name'}}}, 'default': None}},
}}}
_ONFAILURE = {'type': 'model', 'cls': OnFailure, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'OnFailure', 'fields': {
    'retry': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'literal', 'expected': ['infrastructure', 'always', 'never']}, 'default': 'infrastructure'}},
    'max_attempts': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'int', 'ge': 1}, 'default': 3}, 'metadata': {'title': 'a whole number, 1 or more'}},
}}}
_JOB = {'type': 'model', 'cls': Job, 'config': _CLOSED, 'schema': {'type': 'model-fields', 'model_name': 'Job', 'fields': {
    'apiVersion': {'type': 'model-field', 'schema': {'type': 'literal', 'expected': ['sagespec/v1']}},
    'kind': {'type': 'model-field', 'schema': {'type': 'literal', 'expected': ['TrainingJob']}},
    'name': {'type': 'model-field', 'schema': {'type': 'str', 'max_length': 48, 'pattern': '^[a-zA-Z0-9](-*[a-zA-Z0-9])*$'}, 'metadata': {'title': 'a name of letters, digits and single hyphens inside', 'examples': ['mnist']}},
    'tags': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'str'}}, 'default_factory': dict}},
    'region': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'pattern': '^[a-z]{2,4}(-[a-z]+)+-[0-9]+$', 'metadata': {'title': 'a region', 'examples': ['us-west-2']}}}, 'default': None}},
    'account_id': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'pattern': '^[0-9]{12}$', 'metadata': {'title': 'an account number of 12 digits', 'examples': ['123456789012']}}}, 'default': None}},
    'role': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 2048, 'pattern': '^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[a-zA-Z0-9+=,.@_/-]+$', 'metadata': {'title': "an IAM role's ARN or name", 'examples': ['arn:aws:iam::123456789012:role/SageMakerRole']}}}, 'default': None}},
    'entry_point': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1}}, 'default': None}},
    'source_dir': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1}}, 'default': None}},
    'dependencies': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'min_length': 1}}, 'default_factory': list}},
    'code_location': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'container_log_level': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'int', 'ge': 0, 'le': 50}, 'default': 20}},
    'container_entry_point': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'max_length': 256, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'one line of at most 256 characters'}}, 'min_length': 1, 'max_length': 100}}, 'default': None}},
    'container_arguments': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'max_length': 256, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'one line of at most 256 characters'}}, 'min_length': 1, 'max_length': 100}}, 'default': None}},
    'framework': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 32, 'pattern': '^[a-z][a-z0-9-]*$', 'metadata': {'title': 'a framework such as tensorflow, pytorch or xgboost', 'examples': ['tensorflow', 'pytorch', 'huggingface', 'sklearn', 'xgboost']}}}, 'default': None}},
    'framework_version': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 32, 'pattern': '^([0-9]+(\\.[0-9]+){0,2}(-[0-9]+)?(-py[0-9]+)?|latest)$', 'metadata': {'title': 'a version in quotes, such as "2.19"', 'examples': ['2.19', '2.19.0']}}}, 'default': None}},
    'transformers_version': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 32, 'pattern': '^([0-9]+(\\.[0-9]+){0,2}(-[0-9]+)?(-py[0-9]+)?|latest)$', 'metadata': {'title': 'a version in quotes, such as "2.19"', 'examples': ['2.19', '2.19.0']}}}, 'default': None}},
    'pytorch_version': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 32, 'pattern': '^([0-9]+(\\.[0-9]+){0,2}(-[0-9]+)?(-py[0-9]+)?|latest)$', 'metadata': {'title': 'a version in quotes, such as "2.19"', 'examples': ['2.19', '2.19.0']}}}, 'default': None}},
    'tensorflow_version': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 32, 'pattern': '^([0-9]+(\\.[0-9]+){0,2}(-[0-9]+)?(-py[0-9]+)?|latest)$', 'metadata': {'title': 'a version in quotes, such as "2.19"', 'examples': ['2.19', '2.19.0']}}}, 'default': None}},
    'py_version': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'pattern': '^py[0-9]{1,3}$', 'metadata': {'title': 'a Python version such as py312', 'examples': ['py312']}}}, 'default': None}},
    'image_uri': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1, 'max_length': 255, 'pattern': '^\\S+$', 'metadata': {'title': 'the address of an image'}}}, 'default': None}},
    'script_mode': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'training_steps': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 1}}, 'default': None}},
    'evaluation_steps': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 1}}, 'default': None}},
    'checkpoint_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'requirements_file': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 1}}, 'default': None}},
    'instance_type': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'pattern': '^(ml\\.[a-z0-9-]+\\.[a-z0-9]+|local|local_gpu)$', 'metadata': {'title': 'an instance type such as ml.m5.xlarge, or local', 'examples': ['ml.m5.xlarge', 'ml.g5.xlarge', 'local']}}}, 'default': None}},
    'instance_count': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 1, 'metadata': {'title': 'a whole number, 1 or more'}}}, 'default': None}},
    'instance_groups': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': _INSTANCEGROUP, 'min_length': 1, 'max_length': 5}}, 'default': None}},
    'volume_size': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'int', 'ge': 1, 'le': 16384}, 'default': 30}},
    'volume_kms_key': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 2048, 'pattern': '^[a-zA-Z0-9:/_-]+$', 'metadata': {'title': 'a KMS key'}}}, 'default': None}},
    'max_run': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'int', 'ge': 1, 'le': 2419200}, 'default': 86400}},
    'use_spot_instances': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'max_wait': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 1, 'metadata': {'title': 'a whole number of seconds'}}}, 'default': None}},
    'keep_alive_period_in_seconds': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 0, 'le': 21600}}, 'default': None}},
    'max_retry_attempts': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'int', 'ge': 1, 'le': 30}}, 'default': None}},
    'training_plan': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'min_length': 50, 'max_length': 2048, 'pattern': '^arn:aws[a-z-]*:sagemaker:'}}, 'default': None}},
    'instance_placement_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _INSTANCEPLACEMENTCONFIG}, 'default': None}},
    'distribution': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _DISTRIBUTION}, 'default': None}},
    'compiler_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _COMPILERCONFIG}, 'default': None}},
    'channels': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'function-before', 'function': {'type': 'no-info', 'function': one_channel_is_training}, 'schema': {'type': 'dict', 'keys_schema': {'type': 'str', 'max_length': 64, 'pattern': '^[A-Za-z0-9._-]+$'}, 'values_schema': {'type': 'function-before', 'function': {'type': 'no-info', 'function': from_location}, 'schema': _CHANNEL}, 'max_length': 20}}, 'default_factory': dict}},
    'input_mode': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'literal', 'expected': ['File', 'Pipe', 'FastFile']}, 'default': 'File'}},
    'output_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'output_kms_key': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 2048, 'pattern': '^[a-zA-Z0-9:/_-]+$', 'metadata': {'title': 'a KMS key'}}}, 'default': None}},
    'disable_output_compression': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'model_dir': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'union', 'choices': [{'type': 'function-before', 'function': {'type': 'no-info', 'function': only_false}, 'schema': {'type': 'literal', 'expected': [False]}}, {'type': 'str', 'max_length': 4096, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'a path in the container'}}], 'mode': 'left_to_right'}}, 'default': None}},
    'checkpoint_s3_uri': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 1024, 'pattern': '^s3://[^/\\s]+(/.*)?$', 'metadata': {'title': 'an S3 URI', 'examples': ['s3://bucket/prefix']}}}, 'default': None}},
    'checkpoint_local_path': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 4096, 'pattern': '^[^\\n\\r\\x85\\u2028\\u2029]*$', 'metadata': {'title': 'a path in the container'}}}, 'default': None}},
    'hyperparameters': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str', 'min_length': 1, 'max_length': 256}, 'values_schema': {'type': 'any'}, 'max_length': 100}, 'default_factory': dict}},
    'environment': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str', 'max_length': 512, 'pattern': '^[a-zA-Z_][a-zA-Z0-9_]*$'}, 'values_schema': {'type': 'str', 'max_length': 512, 'metadata': {'title': 'a string of at most 512 characters'}}, 'max_length': 100}, 'default_factory': dict}},
    'metric_definitions': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': _METRICDEFINITION, 'max_length': 40}}, 'default': None}},
    'enable_sagemaker_metrics': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'subnets': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'min_length': 1, 'max_length': 32, 'pattern': '^[-0-9a-zA-Z]+$'}, 'min_length': 1, 'max_length': 16}}, 'default': None}},
    'security_group_ids': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': {'type': 'str', 'min_length': 1, 'max_length': 32, 'pattern': '^[-0-9a-zA-Z]+$'}, 'min_length': 1, 'max_length': 5}}, 'default': None}},
    'encrypt_inter_container_traffic': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'enable_network_isolation': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'bool'}, 'default': False}},
    'training_repository_access_mode': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'literal', 'expected': ['Platform', 'Vpc']}}, 'default': None}},
    'training_repository_credentials_provider_arn': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'str', 'max_length': 2048, 'pattern': '^arn:[^:]+:lambda:'}}, 'default': None}},
    'debugger_hook_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'union', 'choices': [{'type': 'function-before', 'function': {'type': 'no-info', 'function': only_false}, 'schema': {'type': 'literal', 'expected': [False]}}, _DEBUGGERHOOKCONFIG], 'mode': 'left_to_right'}}, 'default': None}},
    'rules': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': _RULE, 'max_length': 20}}, 'default': None}},
    'profiler_rules': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'list', 'items_schema': _RULE, 'max_length': 20}}, 'default': None}},
    'profiler_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _PROFILERCONFIG}, 'default': None}},
    'disable_profiler': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'tensorboard_output_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _TENSORBOARDOUTPUTCONFIG}, 'default': None}},
    'experiment_config': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': _EXPERIMENTCONFIG}, 'default': None}},
    'enable_remote_debug': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'enable_infra_check': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'enable_session_tag_chaining': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'nullable', 'schema': {'type': 'bool'}}, 'default': None}},
    'on_change': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'literal', 'expected': ['refuse', 'replace', 'keep']}, 'default': 'refuse'}},
    'on_failure': {'type': 'model-field', 'schema': {'type': 'default', 'schema': _ONFAILURE, 'default': OnFailure()}},
    'request': {'type': 'model-field', 'schema': {'type': 'default', 'schema': {'type': 'dict', 'keys_schema': {'type': 'str'}, 'values_schema': {'type': 'any'}}, 'default_factory': dict}},
}}}

SCHEMA: dict[str, Any] = _JOB
