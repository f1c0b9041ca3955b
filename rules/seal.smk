"""The sealed final period, where a run asks for one: opened once, after full_success."""


localrules:
    open_seal,


rule open_seal:
    input:
        profile=PROFILE,
        dataset=DATASET,
        sealed=SEALED_ROWS,
        configs=each_iteration(CONFIG),
        traces=each_iteration(TRACE),
        decisions=each_iteration(DECISION),
    output:
        validation=SEALED_VALIDATION,
    log:
        "{run_dir}logs/open_seal.log",
    conda:
        "../envs/analysis.yaml"
    params:
        ledger=SEALED_LEDGER,
        code=code_digest("sealed_validator"),
    script:
        "../scripts/sealed_validator.py"
