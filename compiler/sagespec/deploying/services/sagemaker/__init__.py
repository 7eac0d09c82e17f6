"""SageMaker itself, through boto3."""
