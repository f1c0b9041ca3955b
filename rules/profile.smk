"""Phase 1: what the data hold, the canonical dataset with the last periods set aside, and the page on it."""


localrules:
    profile,
    profile_page,


rule profile:
    input:
        csv=lambda wildcards: RUNS[wildcards.run_dir].csv,
    output:
        **({"sealed": SEALED_ROWS} if SEALED_RUNS else {}),
        output=PROFILE,
        dataset=DATASET,
        holdout=HOLDOUT,
    log:
        "{run_dir}logs/profile.log",
    conda:
        "../envs/analysis.yaml"
    params:
        sheet=lambda wildcards: RUNS[wildcards.run_dir].sheet,
        date=column("date"),
        target=column("target"),
        channels=column("channels"),
        controls=column("controls"),
        unknown_ahead=column("unknown_ahead"),
        panel=column("panel"),
        shape=column("shape"),
        variable=column("variable"),
        value=column("value"),
        test_size=SETTINGS.thresholds.out_of_sample.test_size,
        sealed_periods=of_run("sealed_periods"),
        path_as_given=path_as_given,
        code=code_digest("data_analyzer"),
    script:
        "../scripts/data_analyzer.py"


# A rule of its own, so that no change of the page touches what training depends on. It alone of this phase reads the
# held-out KPI, which the page shows to people; nothing that trains reads what it writes.
rule profile_page:
    input:
        profile=PROFILE,
        dataset=DATASET,
        holdout=HOLDOUT,
    output:
        series=DATA_SERIES,
        page=PROFILE_PAGE,
    log:
        "{run_dir}logs/profile_page.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_digest("profile_reporter"),
    script:
        "../scripts/profile_reporter.py"
