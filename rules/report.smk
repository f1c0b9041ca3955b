"""Phase 3: the written analysis and the machine-readable outcome of a run."""


localrules:
    report,


# Diagnostics and out-of-sample files stand beside the decisions as inputs: with the decisions alone, changed
# figures under an unchanged decision would leave the report as it was.
rule report:
    input:
        profile=PROFILE,
        configs=each_iteration(CONFIG),
        summaries=each_iteration(SUMMARY),
        folds=each_iteration(FOLDS),
        candidates=each_iteration(CANDIDATES),
        validations=each_iteration(VALIDATION),
        decisions=each_iteration(DECISION),
        series=each_iteration(TRAINING_SERIES),
        predictions=each_iteration(OOS_PREDICTIONS),
        fold_predictions=each_iteration(FOLD_PREDICTIONS),
        sealed=sealed_validation,
    output:
        iteration_log=ITERATION_LOG,
        thinking_history=THINKING_HISTORY,
        skill_report=SKILL_REPORT,
        analysis=ANALYSIS,
        gates=GATES_PLOT,
        fit=FIT_PLOT,
        fold_scores=FOLD_SCORES_PLOT,
    log:
        "{run_dir}logs/report.log",
    conda:
        "../envs/analysis.yaml"
    params:
        max_iterations=of_run("max_iterations"),
        language=of_run("language"),
        ledger=LEDGER,
        code=code_digest("reporter"),
    script:
        "../scripts/reporter.py"
