"""What people call fields elsewhere: in the API, in other tools, in everyday words.

A line is `field (what to write): names`. The names are in small letters without marks: `role_arn` and RoleArn are
`rolearn`. `-` is for what is not a field here, and an indented line goes on with the one above.
"""

JOB = """
use_spot_instances: spot usespot spotinstances managedspot enablemanagedspottraining preemptible interruptible
max_run (write max_run: 3600; it counts seconds): timeout maxruntime maxruntimeinseconds maxruntimeseconds maxtime
  timelimit maxduration maxrunseconds
max_wait (write max_wait: 7200; it counts seconds): maxwaittimeinseconds maxwaittime maxwaitseconds
environment: env envs environmentvariables envvars environ
channels (write channels: {train: s3://…}): data datasets inputdata inputdataconfig inputchannels trainingdata
hyperparameters: params parameters hparams hps args arguments hyperparams
entry_point (write entry_point: train.py; the hyperparameters become its arguments): command cmd script program main
  sourcefile trainingscript
source_dir: code src sourcecode codedir
instance_count (write instance_count: 1 and instance_type: ml.m5.xlarge): instances numinstances count nodes
  numnodes nodecount replicas workers
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
- (choose an instance_type that has them, such as ml.m5.xlarge): cpu cpus memory resources resourceconfig
- (write max_run: 3600, and max_wait for a spot job): stoppingcondition
- (put requirements.txt into source_dir: the container installs it): requirements pip packages
- (vars stand in a Defaults document, sagespec.yaml, in this folder or above it): var vars variables
- (it stands in a Defaults document, sagespec.yaml, in this folder or above it): project prices maxjobcost maxtotalcost
- (environments stand in a Defaults document, sagespec.yaml, in this folder or above it): environments
"""

CHANNEL = """
s3_data: s3uri uri s3 url s3datauri s3path location datasource s3datasource s3input
path: localpath folder dir file directory
input_mode: mode traininginputmode
compression: compressiontype
content_type: mimetype
record_wrapping: recordwrappertype
"""
