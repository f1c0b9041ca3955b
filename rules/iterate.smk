"""Phase 2, the loop: configure, train, diagnose, screen what could follow, validate out of sample, decide."""


localrules:
    configure_first,
    configure_next,
    screen,
    decide,


# The ledger of looks at the holdout is no rule's output: without a shared file system it would be lost on a node.
if STORED:

    localrules:
        validate,


rule configure_first:
    input:
        profile=PROFILE,
        events=events_file,
        experiments=lift_tests_file,
    output:
        config=CONFIG.replace("{n}", "1"),
    log:
        "{run_dir}logs/configure_1.log",
    conda:
        "../envs/analysis.yaml"
    params:
        model_type=of_run("model_type"),
        prior_preset=SETTINGS.prior_preset,
        model=model_parts,
        priors=given_priors,
        lift_tests=of_run("lift_tests"),
        chains=SETTINGS.sampler.chains,
        draws=SETTINGS.sampler.draws,
        tune=SETTINGS.sampler.tune,
        target_accept=SETTINGS.sampler.target_accept,
        seed=of_run("seed"),
        code=code_digest("config_generator"),
    script:
        "../scripts/config_generator.py"


rule configure_next:
    input:
        previous=previous(CONFIG),
        decision=previous(DECISION),
    output:
        config=CONFIG,
    log:
        "{run_dir}logs/configure_{n}.log",
    wildcard_constraints:
        n=r"[2-9]|[1-9]\d+",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_digest("config_generator"),
    script:
        "../scripts/config_generator.py"


# Two rules rather than one, so that a cluster profile can ask for a GPU by the rule's name.
if SETTINGS.device == "gpu":

    rule train_gpu:
        input:
            profile=PROFILE,
            dataset=DATASET,
            config=CONFIG,
        output:
            trace=TRACE,
        log:
            "{run_dir}logs/train_{n}.log",
        conda:
            CONDA_ENV or "../envs/train_gpu.yaml"
        threads: 1
        resources:
            gpu=1,
            mem_mb=lambda wildcards, attempt: 8000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            device="gpu",
            float_type=SETTINGS.float_type,
            progress=PROGRESS_FILE,
            code=code_digest("model_trainer"),
        script:
            "../scripts/model_trainer.py"

else:

    rule train_cpu:
        input:
            profile=PROFILE,
            dataset=DATASET,
            config=CONFIG,
        output:
            trace=TRACE,
        log:
            "{run_dir}logs/train_{n}.log",
        conda:
            CONDA_ENV or "../envs/train_cpu.yaml"
        threads: min(SETTINGS.sampler.chains, SETTINGS.training_threads)
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            device="cpu",
            progress=PROGRESS_FILE,
            code=code_digest("model_trainer"),
        script:
            "../scripts/model_trainer.py"


rule diagnose:
    input:
        profile=PROFILE,
        dataset=DATASET,
        config=CONFIG,
        trace=TRACE,
    output:
        summary=SUMMARY,
        report=DIAGNOSTICS,
        series=TRAINING_SERIES,
        plot=TRAINING_PLOT,
        folds=FOLDS,
        fold_predictions=FOLD_PREDICTIONS,
        fold_plot=FOLD_PLOT,
    log:
        "{run_dir}logs/diagnose_{n}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        thresholds=SETTINGS.thresholds.convergence.model_dump(),
        fold_thresholds=SETTINGS.thresholds.out_of_sample.model_dump(),
        evidence=SETTINGS.thresholds.evidence.model_dump(),
        code=code_digest("diagnostics_checker"),
    script:
        "../scripts/diagnostics_checker.py"


# What could follow is chosen here, before the holdout may be opened and without any file that holds a figure of it.
rule screen:
    input:
        profile=PROFILE,
        dataset=DATASET,
        config=CONFIG,
        summary=SUMMARY,
        folds=FOLDS,
        series=TRAINING_SERIES,
        configs=earlier(CONFIG),
        summaries=earlier(SUMMARY),
        earlier_folds=earlier(FOLDS),
        earlier_candidates=earlier(CANDIDATES),
    output:
        candidates=CANDIDATES,
    log:
        "{run_dir}logs/screen_{n}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        disabled_remedies=SETTINGS.policy.disabled_remedies,
        is_last=is_last,
        code=code_digest("candidate_screener"),
    script:
        "../scripts/candidate_screener.py"


rule validate:
    input:
        profile=PROFILE,
        dataset=DATASET,
        holdout=HOLDOUT,
        config=CONFIG,
        trace=TRACE,
        summary=SUMMARY,
        series=TRAINING_SERIES,
        folds=FOLDS,
        candidates=CANDIDATES,
    output:
        validation=VALIDATION,
        predictions=OOS_PREDICTIONS,
        plot=OOS_PLOT,
    log:
        "{run_dir}logs/validate_{n}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        thresholds=SETTINGS.thresholds.out_of_sample.model_dump(),
        convergence=SETTINGS.thresholds.convergence.model_dump(),
        evidence=SETTINGS.thresholds.evidence.model_dump(),
        ledger=LEDGER,
        code=code_digest("oos_validator"),
    script:
        "../scripts/oos_validator.py"


checkpoint decide:
    input:
        config=CONFIG,
        summary=SUMMARY,
        folds=FOLDS,
        candidates=CANDIDATES,
        validation=VALIDATION,
        summaries=earlier(SUMMARY),
    output:
        decision=DECISION,
    log:
        "{run_dir}logs/decide_{n}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_digest("mmm_builder/policy/deciding"),
    script:
        "../scripts/iteration_engine.py"
