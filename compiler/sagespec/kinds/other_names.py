"""What people call fields elsewhere: in the API, in other tools, in everyday words.

A line is `field (what to write): names`. The names are in small letters without marks: `role_arn` and RoleArn are
`rolearn`. `-` is for what is not a field here, and an indented line goes on with the one above.
"""

SETTINGS = """
- (vars stand in a Defaults document, sagespec.yaml, in this folder or above it): var vars variables
- (it stands in a Defaults document, sagespec.yaml, in this folder or above it): project prices maxjobcost maxtotalcost
- (environments stand in a Defaults document, sagespec.yaml, in this folder or above it): environments
"""
"""What no manifest has, but the defaults of all: a part of what each kind says."""

JOB = (
    SETTINGS
    + """
use_spot_instances: spot usespot spotinstances managedspot enablemanagedspottraining
  managedspottraining spottraining spotinstance preemptible interruptible usespotinstance enablespot spotenabled
max_run (write max_run: 3600; it counts seconds): timeout maxruntime maxruntimeinseconds maxruntimeseconds maxtime
  timelimit maxduration maxrunseconds timeoutseconds duration walltime deadline activedeadlineseconds
max_wait (write max_wait: 7200; it counts seconds): maxwaittimeinseconds maxwaittime maxwaitseconds
keep_alive_period_in_seconds (write keep_alive_period_in_seconds: 600): warmpool keepalive
environment: env envs environmentvariables envvars environ
channels (write channels: {train: s3://…}): data dataset datasets inputdata inputdataconfig inputchannels trainingdata
  filemounts
hyperparameters: params parameters hparams hps args arguments hyperparams scriptargs
entry_point (write entry_point: train.py; the hyperparameters become its arguments): command cmd script program main
  sourcefile trainingscript entryscript run pythonfile trainscript mainscript scriptpath
source_dir: code src sourcecode codedir workdir workingdir workingdirectory projectdir
input_mode: traininginputmode mode
instance_count (write instance_count: 1 and instance_type: ml.m5.xlarge): initialinstancecount instances numinstances
  count nodes numnodes nodecount replicas workers nummachines numworkers machinecount replicacount
instance_type: machinetype instance nodetype machine vmtype ec2instancetype computetype
volume_size (write volume_size: 100; it counts gigabytes): volumesizeingb disk disksize storage volume ebsvolumesize
volume_kms_key: resourceencryptionkey volumekmskeyid
output_path: output outputdir outputs3uri s3outputpath outputdataconfig outputlocation outputuri outputs3path
  modelartifactpath modeloutput
output_kms_key: outputencryptionkey outputkmskeyid modelkmskey
checkpoint_s3_uri (write checkpoint_s3_uri: s3://…): checkpoint checkpoints checkpointdir checkpointuri
  checkpointconfig
framework_version: version tfversion
framework_version (write framework: tensorflow, and its version as framework_version): tensorflow tf keras
framework_version (write framework: pytorch, and its version as framework_version): pytorch torch
framework_version (write framework: sklearn, and its version as framework_version): sklearn scikitlearn
framework_version (write framework: xgboost, and its version as framework_version): xgboost
py_version: python pythonversion
distribution: strategy distributionstrategy distributedtype distributed
name: trainingjobname jobname runname
role: rolearn rolename iamrole iamrolename iamrolearn executionrole executionrolearn sagemakerrole sagemakerrolearn
  assumerole serviceaccount serviceaccountname
image_uri: trainingimage container containerimage dockerimage algorithmspecification ecrimage ecrimageuri
image_uri (write image_uri: the address of the algorithm's image): algorithm algorithmname
metric_definitions: metrics
security_group_ids: securitygroups securitygroup
subnets: subnetids subnet
tags: labels annotations
tags (write it as a tag: tags: {team: vision}): owner team costcenter author
max_retry_attempts: maximumretryattempts retrystrategy
on_failure (write on_failure: {retry: always, max_attempts: 3}): retries retry maxretries retrypolicy restartpolicy
  backofflimit maxattempts onerror
container_log_level: loglevel
encrypt_inter_container_traffic: trafficencryption enableintercontainertrafficencryption intercontainerencryption
enable_network_isolation: networkisolation
experiment_config (write experiment_config: {experiment_name: …}): experiment experimentname
mlflow_config (write mlflow_config: {mlflow_resource_arn: …}): mlflow trackinguri mlflowtrackinguri
tensorboard_output_config (write tensorboard_output_config: {s3_output_path: s3://…}): tensorboard
- (write subnets: [subnet-…] and security_group_ids: [sg-…]): vpcconfig vpc network networkconfig vpcid availabilityzone
- (write volume_kms_key for the volume, and output_kms_key for the output): kmskey kmskeyid encryptionkey
- (write the whole address: output_path: s3://bucket/prefix): bucket s3bucket bucketname prefix s3prefix
- (choose an instance_type with GPUs, such as ml.g5.xlarge): gpu gpus accelerator accelerators numgpus gpucount gputype
- (choose an instance_type that has them, such as ml.m5.xlarge): cpu cpus memory resources cpucount memorygb
- (write max_run: 3600, and max_wait for a spot job): stoppingcondition
- (put requirements.txt into source_dir: the container installs it): requirements pip packages setup install
  condaenv condafile pippackages
- (write max_job_cost in a Defaults document, sagespec.yaml, in this folder or above it): budget maxcost costlimit
- (write matrix: {learning-rate: [0.1, 0.01]}; each combination is a job): sweep sweeps grid search tuner tuning
  hyperparameterranges parameterranges searchspace
- (write one document for each job, with a line --- between them): jobs trainingjobs steps
- (one job does not wait for another: apply them one after the other, with --wait): dependson needs
- (sagespec apply --wait follows a job to its end, and sagespec logs prints its log): wait logs waitforcompletion
- (sagespec apply --wait --max-parallel 3 runs three jobs at a time): maxparallel concurrency parallelism
- (sagespec apply --local runs the job on this machine): local localmode trainingmode
- (sagespec plan shows what apply would do): dryrun
- (sagespec compile --target eventbridge makes a rule that notifies when the job has ended): notify notifications email
  snstopic webhooks
- (a manifest has no schedule: let a scheduler run sagespec apply --rerun): schedule cron scheduleinterval
- (credentials come from the environment: AWS_PROFILE): profile awsprofile credentials
- (a manifest holds no secrets: let the script read them, with its role): secrets secret
- (leave it out, or write it as a tag): description displayname comment
- (leave it out: it says something to the SDK, and nothing to the job): sagemakersession
- (leave it out: it is a field of Kubernetes): namespace
- (clone the repository first; source_dir is a folder): gitconfig git repository repo
"""
)

ENDPOINT = (
    SETTINGS
    + """
name: endpointname
training_job: estimator trainingjobname job jobname
model_data: modeldataurl model modeluri modelartifacts artifact artifacts modelpath models3uri modellocation
  modelartifactpath modelsource storageuri checkpoint
image_uri: container containerimage dockerimage
env: envvars environ environmentvariables
entry_point (write entry_point: inference.py, with handler, or input_handler and output_handler): handler script
  inferencescript program
source_dir: code src sourcecode codedir
framework_version: version tfversion tensorflow tf
initial_instance_count: instances count replicas numinstances desiredinstancecount
  desiredcount
instance_type: machinetype instance machine hardware
serverless_inference_config (write serverless_inference_config: {memory_size_in_mb: 2048}): serverless serverlessconfig
  memorysizeinmb maxconcurrency memorysize
async_inference_config: async asyncconfig asyncinference
data_capture_config: datacapture capture
volume_size: volumesizeingb disk disksize
model_data_download_timeout: modeldatadownloadtimeoutinseconds
container_startup_health_check_timeout (write container_startup_health_check_timeout: 600; it counts seconds): timeout
  startuptimeout healthchecktimeout
  containerstartuphealthchecktimeoutinseconds
production_variants: variants variant productionvariant variantname traffic trafficsplit weight initialweight
  initialvariantweight
shadow_production_variants: shadow shadowvariants
deployment_config: deployment updatepolicy deploymentpolicy rollout canary bluegreen rollback autorollback
keep_previous: keeprevisions revisions
role: rolearn rolename iamrole iamrolename executionrole executionrolearn sagemakerrole serviceaccount
kms_key: kmskeyid volumekmskey
security_group_ids: securitygroups securitygroup
subnets: subnetids subnet
tags: labels annotations
tags (write it as a tag: tags: {team: vision}): owner team costcenter author
- (write subnets: [subnet-…] and security_group_ids: [sg-…]): vpcconfig vpc vpcconfigoverride network
- (Elastic Inference has ended; take a CPU, GPU or Inferentia type): acceleratortype accelerator eia
- (apply names models by their content): modelname
- (apply creates an endpoint, or updates it, as it finds it): updateendpoint wait
- (write scaling: external, and let the autoscaler own the count): autoscaling mincapacity maxcapacity scalingpolicy
  minreplicas maxreplicas mininstances maxinstances mincount maxcount scaletozero
- (scaling: external keeps counts and weights through updates): retainallvariantproperties
- (it says something to the SDK, and nothing to the endpoint): predictorcls serializer deserializer sagemakersession
- (choose an instance_type that has them, such as ml.g4dn.xlarge): cpu cpus gpu gpus memory resources
- (the container answers at /ping and /invocations, on port 8080): port healthcheck livenessprobe readinessprobe
- (write env: {SAGEMAKER_TFS_ENABLE_BATCHING: "true"}): batching batchsize maxbatchsize
- (sagespec apply --local serves on this machine): local localmode
- (leave it out, or write it as a tag): description displayname comment
- (the serving container has no hyperparameters; write env): hyperparameters
- (several models at one prefix are not served here; one endpoint serves one model): multimodel multidatamodel
"""
)

CHANNEL = """
s3_data: s3uri uri s3 url s3datauri s3path location datasource s3datasource s3input source datauri
path: localpath folder dir file directory
input_mode: mode traininginputmode
compression: compressiontype
content_type: mimetype format
record_wrapping: recordwrappertype
"""

DISTRIBUTION = """
mpi: horovod openmpi
parameter_server: ps
multi_worker_mirrored_strategy: mwms multiworkermirrored
pytorchddp: ddp
torch_distributed: torchrun
smdistributed (write smdistributed: {dataparallel: {enabled: true}}): dataparallel smddp
smdistributed (write smdistributed: {modelparallel: {enabled: true}}): modelparallel smp
- (name the strategy: {mpi: {enabled: true, processes_per_host: 4}}): type strategy processcountperinstance
  processesperhost backend
"""
