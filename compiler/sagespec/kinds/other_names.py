"""What people call fields elsewhere: in the API, in other tools, in everyday words.

A line is `field (what to write): names`. The names are in small letters without marks: `role_arn` and RoleArn are
`rolearn`. `-` is for what is not a field here, and an indented line goes on with the one above.
"""

_SETTINGS = """
- (vars stand in a Defaults document, sagespec.yaml, in this folder or above it): var vars variables
- (it stands in a Defaults document, sagespec.yaml, in this folder or above it): project prices maxjobcost maxtotalcost
- (environments stand in a Defaults document, sagespec.yaml, in this folder or above it): environments
"""
"""What no manifest has, but the defaults of all."""

JOB = (
    _SETTINGS
    + """
use_spot_instances: spot usespot spotinstances managedspot enablemanagedspottraining
  managedspottraining spottraining spotinstance preemptible interruptible
max_run (write max_run: 3600; it counts seconds): timeout maxruntime maxruntimeinseconds maxruntimeseconds maxtime
  timelimit maxduration maxrunseconds timeoutminutes timeoutseconds timeouthours maxhours maxminutes
max_wait (write max_wait: 7200; it counts seconds): maxwaittimeinseconds maxwaittime maxwaitseconds
environment: env envs environmentvariables envvars environ
channels (write channels: {train: s3://…}): data dataset datasets inputdata inputdataconfig inputchannels trainingdata
hyperparameters: params parameters hparams hps args arguments hyperparams
entry_point (write entry_point: train.py; the hyperparameters become its arguments): command cmd script program main
  sourcefile trainingscript
source_dir: code src sourcecode codedir
input_mode: traininginputmode mode
instance_count (write instance_count: 1 and instance_type: ml.m5.xlarge): initialinstancecount instances numinstances
  count nodes numnodes nodecount replicas workers
instance_type: machinetype instance nodetype machine vmtype
volume_size (write volume_size: 100; it counts gigabytes): volumesizeingb disk disksize disksizegb storage volume
output_path: output outputdir outputs3uri s3outputpath outputdataconfig outputlocation
checkpoint_s3_uri (write checkpoint_s3_uri: s3://…): checkpoint checkpoints checkpointdir checkpointuri
  checkpointconfig
framework_version: version tfversion
py_version: python pythonversion
name: trainingjobname jobname
role: rolearn iamrole executionrole executionrolearn
image_uri: trainingimage container containerimage dockerimage algorithmspecification
metric_definitions: metrics
security_group_ids: securitygroups securitygroup
subnets: subnetids subnet
tags: labels annotations
max_retry_attempts: retries retry maximumretryattempts retrystrategy
- (write subnets: [subnet-…] and security_group_ids: [sg-…]): vpcconfig vpc network networkconfig
- (choose an instance_type with GPUs, such as ml.g5.xlarge): gpu gpus accelerator accelerators numgpus
- (choose an instance_type that has them, such as ml.m5.xlarge): cpu cpus memory resources
- (write max_run: 3600, and max_wait for a spot job): stoppingcondition
- (put requirements.txt into source_dir: the container installs it): requirements pip packages
"""
)

ENDPOINT = (
    _SETTINGS
    + """
name: endpointname
training_job: estimator trainingjobname job
model_data: modeldataurl model modeluri modelartifacts artifact artifacts
image_uri: container containerimage dockerimage
env: envvars environ environmentvariables
entry_point (write entry_point: inference.py, with handler, or input_handler and output_handler): handler script
  inferencescript program
source_dir: code src sourcecode
initial_instance_count: instances count replicas numinstances desiredinstancecount
instance_type: machinetype instance machine hardware
serverless_inference_config (write serverless_inference_config: {memory_size_in_mb: 2048}): serverless serverlessconfig
  memorysizeinmb maxconcurrency
async_inference_config: async asyncconfig asyncinference
data_capture_config: datacapture capture
volume_size: volumesizeingb disk disksize
model_data_download_timeout: modeldatadownloadtimeoutinseconds
container_startup_health_check_timeout (it counts seconds): timeout startuptimeout healthchecktimeout
  containerstartuphealthchecktimeoutinseconds
production_variants: variants variant productionvariant
shadow_production_variants: shadow shadowvariants
deployment_config: deployment updatepolicy deploymentpolicy rollout
keep_previous: keeprevisions revisions
role: rolearn iamrole executionrole executionrolearn
kms_key: kmskeyid volumekmskey
security_group_ids: securitygroups securitygroup
subnets: subnetids subnet
tags: labels annotations
- (write subnets: [subnet-…] and security_group_ids: [sg-…]): vpcconfig vpc vpcconfigoverride network
- (Elastic Inference has ended; take a CPU, GPU or Inferentia type): acceleratortype accelerator eia
- (apply names models by their content): modelname
- (apply creates an endpoint, or updates it, as it finds it): updateendpoint wait
- (write scaling: external, and let the autoscaler own the count): autoscaling mincapacity maxcapacity scalingpolicy
- (scaling: external keeps counts and weights through updates): retainallvariantproperties
- (it says something to the SDK, and nothing to the endpoint): predictorcls serializer deserializer sagemakersession
- (the serving container has no hyperparameters; write env): hyperparameters
- (several models at one prefix are not served here; one endpoint serves one model): multimodel multidatamodel
"""
)

CHANNEL = """
s3_data: s3uri uri s3 url s3datauri s3path location datasource s3datasource s3input
path: localpath folder dir file directory
input_mode: mode traininginputmode
compression: compressiontype
content_type: mimetype
record_wrapping: recordwrappertype
"""
