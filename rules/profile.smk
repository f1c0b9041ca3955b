"""Phase 1: what the data hold, and the canonical dataset with the last periods set aside."""


localrules:
    profile,


rule profile:
    input:
        csv=lambda wildcards: RUNS[wildcards.run_dir].csv,
    output:
        output=PROFILE,
        dataset=DATASET,
        holdout=HOLDOUT,
    log:
        "{run_dir}logs/profile.log",
    conda:
        "../envs/analysis.yaml"
    params:
        date=column("date"),
        target=column("target"),
        channels=column("channels"),
        controls=column("controls"),
        panel=column("panel"),
        test_size=SETTINGS.thresholds.out_of_sample.test_size,
        path_as_given=lambda wildcards: RUNS[wildcards.run_dir].path_as_given,
        code=code_digest("data_analyzer"),
    script:
        "../scripts/data_analyzer.py"
