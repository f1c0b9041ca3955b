"""Phase 5: what the run was made from, and a digest of every file that it made."""


localrules:
    provenance,


rule provenance:
    input:
        data=lambda wildcards: RUNS[wildcards.run_dir].csv,
        events=events_file,
        experiments=lift_tests_file,
        configs=each_iteration(CONFIG),
        files=recorded_files,
        skill_report=SKILL_REPORT,
    output:
        provenance=PROVENANCE,
    log:
        "{run_dir}logs/provenance.log",
    conda:
        "../envs/analysis.yaml"
    params:
        origin=origin_of_run,
        code=code_digest("provenance_recorder"),
    script:
        "../scripts/provenance_recorder.py"
