"""The stage of a pipeline that runs `rolecall run`, for a CloudFormation template."""

from __future__ import annotations

_VARIABLES = """\
        EnvironmentVariables: >-
          [{"name": "ROLECALL_EXECUTION_ID", "value": "#{codepipeline.PipelineExecutionId}"}]
"""
_BUILD = """\
      ActionTypeId:
        Category: Build
        Owner: AWS
        Provider: CodeBuild
        Version: "1"
"""
STAGE = f"""\
# A stage for the Stages of an AWS::CodePipeline::Pipeline. Its CodeBuild project has rolecall's
# image as custom image, buildspec.yml as buildspec, and a service role that may assume the target
# roles. That of source-role.yaml writes artifacts whose names begin with Report, and no others.
- Name: Deploy
  Actions:
    - Name: Deploy
      Namespace: Deploy
{_BUILD}\
      InputArtifacts:
        - Name: Source
      OutputArtifacts:
        - Name: Report
      Configuration:
        ProjectName: !Ref DeployProject
        # What stands in rolecall.yml can be said here too, and wins: ROLECALL_ONLY, …
{_VARIABLES}"""
BATCH_STAGE = f"""\
# A stage for the Stages of an AWS::CodePipeline::Pipeline. Its CodeBuild project has rolecall's
# image as custom image, a service role that may assume the target roles, and a BuildBatchConfig,
# whose role may start, stop and retry builds of the project. The pipeline's role needs
# codebuild:StartBuildBatch and codebuild:BatchGetBuildBatches beside what a build takes, and both
# builds with a buildspec other than the project's, which that of pipeline.yaml may not.
# A batch of which a build fails has failed, and Merge does not begin: then each build's report is
# in the report group, and its artifacts can be merged anywhere.
- Name: Deploy
  Actions:
    - Name: Deploy
      RunOrder: 1
{_BUILD}\
      InputArtifacts:
        - Name: Source
      OutputArtifacts:
        - Name: ReportBuilds
      Configuration:
        ProjectName: !Ref DeployProject
        BuildspecOverride: buildspec-batch.yml
        BatchEnabled: true
        CombineArtifacts: true
{_VARIABLES}\
    - Name: Merge
      RunOrder: 2
{_BUILD}\
      InputArtifacts:
        - Name: Source
        - Name: ReportBuilds
      OutputArtifacts:
        - Name: Report
      Configuration:
        ProjectName: !Ref DeployProject
        PrimarySource: Source
        BuildspecOverride: buildspec-merge.yml
"""
