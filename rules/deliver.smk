"""Phase 4: what a marketer takes away from the selected model."""


rule contributions:
    input:
        profile=PROFILE,
        dataset=DATASET,
        skill_report=SKILL_REPORT,
        configs=each_iteration(CONFIG),
        traces=each_iteration(TRACE),
    output:
        table=CONTRIBUTIONS,
        series=CONTRIBUTION_SERIES,
        units=CONTRIBUTIONS_BY_UNIT,
        plot=CONTRIBUTION_PLOT,
    log:
        "{run_dir}logs/contributions.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code_digest("contribution_reporter"),
    script:
        "../scripts/contribution_reporter.py"
