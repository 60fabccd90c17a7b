"""The stage of a pipeline that runs `rolecall run`, for a CloudFormation template."""

from __future__ import annotations

STAGE = """\
# A stage for the Stages of an AWS::CodePipeline::Pipeline. Its CodeBuild project has rolecall's
# image as custom image, buildspec.yml as buildspec, and a service role that may assume the target
# roles.
- Name: Deploy
  Actions:
    - Name: Deploy
      Namespace: Deploy
      ActionTypeId:
        Category: Build
        Owner: AWS
        Provider: CodeBuild
        Version: "1"
      InputArtifacts:
        - Name: Source
      OutputArtifacts:
        - Name: Report
      Configuration:
        ProjectName: !Ref DeployProject
        # What stands in rolecall.yml can be said here too, and wins: ROLECALL_ONLY, …
        EnvironmentVariables: >-
          [{"name": "ROLECALL_EXECUTION_ID", "value": "#{codepipeline.PipelineExecutionId}"}]
"""
