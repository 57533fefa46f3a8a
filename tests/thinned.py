"""What a quick run leaves to `make slow`: of each of these tests it takes one case in so many, or none.

Every one of them takes more than about ten seconds on two cores; which cases stay follows from their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from zlib import crc32

NONE = 0
# file → test → one case in so many
THINNED: dict[str, dict[str, int]] = {
    "cli/test_diagnose.py": {"test_an_earlier_one_is_kept": NONE},
    "papers/test_with_data.py": {"test_a_network_trained_with_clips_stands_for_its_weights": NONE},
    "bench/anytime/test_measure.py": {"test_accuracy_is_that_of_the_answers": 2},
    "bench/attention/test_means.py": {"test_means_at_every_site_and_logits": 3},
    "bench/diagnose/test_every_method.py": {"test_every_method": 4},
    "bench/diagnose/test_measure.py": {"test_other_float_types": NONE, "test_the_error_falls_with_time": NONE},
    "bench/test_batch_size.py": {"test_sweeps_give_the_same_rows": 11},
    "bench/test_grid.py": {
        "test_a_grid_is_measured_as_its_networks_one_by_one": NONE,
        "test_a_network_is_called_what_its_setting_is": 5,
    },
    "bench/test_resume.py": {
        "test_another_configuration_is_refused_until_overwritten": 3,
        "test_killed_at_random_moments": NONE,
    },
    "bench/test_simulations.py": {
        "test_a_row_is_a_conversion_and_a_run": 6,
        "test_thresholds_that_depend_on_T_are_set_for_every_T": 3,
    },
    "bench/test_sweep.py": {"test_rivals_have_the_thresholds_of_the_first_setting_per_channel": NONE},
    "calib/test_batch_size.py": {"test_the_plan_is_the_same": 10},
    "calib/test_checkpoint.py": {"test_goes_on_to_the_same_thresholds": 2},
    "calib/test_reach.py": {"test_the_error_of_auto_falls_as_one_over_T": 3},
    "capture/test_free_sizes.py": {
        "test_every_size_that_the_network_takes_and_no_other": 8,
        "test_small_networks_of_torchvision": NONE,
    },
    "capture/test_frozen_clips.py": {"test_quantised_networks": 3},
    "capture/test_inlining.py": {"test_methods": 2},
    "capture/test_raise_modules.py": {
        "test_decomposed_programs_raise_too": 3,
        "test_googlenet_with_auxiliary_heads_keeps_their_weights": NONE,
        "test_torchvision_models": 7,
    },
    "capture/test_refused.py": {"test_recurrent_layers": 3},
    "capture/test_source.py": {"test_modes": 2},
    "capture/test_spelled_out.py": {"test_sizes_stay_free": 4},
    "cli/test_bench.py": {"test_run_on_another_network": NONE},
    "cli/test_completion.py": {"test_help_does_not_wait_for_torch": 3},
    "cli/test_coverage.py": {"test_coverage": NONE},
    "cli/test_faults.py": {"test_a_signal_waits_until_all_is_cleaned_up": 5},
    "cli/test_fitting.py": {"test_every_command_fits_clips_to_the_network": 2},
    "cli/test_report.py": {"test_another_configuration_is_refused": NONE},
    "cli/test_reported.py": {"test_command_line": 6},
    "cli/test_sweep.py": {"test_random_weights_follow_from_the_seed": NONE},
    "cli/test_train.py": {"test_networks_fit_their_data": 2},
    "cli/test_world.py": {
        "test_a_full_disk": NONE,
        "test_consoles_without_our_letters": NONE,
        "test_standard_output_that_takes_nothing": 3,
    },
    "convert/corrections/test_every_neuron.py": {"test_what_is_on_record_acts": 3},
    "convert/test_ceilings.py": {"test_every_method_keeps_to_the_end": 5, "test_what_lies_beyond_is_not_sent": 2},
    "convert/test_clip.py": {"test_a_saved_network_converts_and_trains_on": 3, "test_torchvision": 3},
    "convert/test_constant_weights.py": {"test_what_is_computed_from_parameters_alone_is_held": 2},
    "convert/test_float_types.py": {"test_types": 2},
    "convert/test_limit.py": {"test_the_error_falls_below_two_percent": NONE},
    "convert/test_one_value.py": {"test_corrections": 2, "test_methods": 6},
    "convert/test_passes.py": {"test_canonical_torchvision_models": NONE},
    "convert/test_preflight.py": {"test_what_is_affine_converts": 2, "test_what_jumps_is_followed_and_said_to_jump": 2},
    "convert/test_quanta.py": {"test_folding_changes_nothing": 2},
    "convert/test_random_graphs.py": {
        "test_it_converts_keeps_its_values_and_tends_to_the_ann": 8,
        "test_it_spikes_as_the_reference": 5,
    },
    "convert/whole/test_against_reference.py": {"test_every_method": 9, "test_every_network": 4},
    "convert/whole/test_same_bits.py": {"test_no_step_waits_for_the_device": 2, "test_the_same_bits": 5},
    "cost/dense/test_published.py": {"test_published_parameters": 3, "test_published_totals": 8},
    "cost/energy/test_energy.py": {"test_dense_counts_are_those_of_the_source_model": 7},
    "cost/synops/test_counter.py": {"test_resnet20_of_random_weights": NONE, "test_small_networks": 4},
    "cost/synops/test_fan_out.py": {"test_every_neuron": 3},
    "cost/synops/test_real_images.py": {"test_20_images": 3},
    "cost/synops/test_sizes.py": {"test_at_another_size_as_a_conversion_for_it": 3},
    "cost/synops/test_wiring.py": {"test_dense_macs_are_those_of_the_model": 2},
    "coverage/test_sample.py": {"test_it_holds": 3},
    "coverage/test_sizes.py": {"test_each_size_is_taken": 5},
    "export/test_formats.py": {"test_it_does_what_the_network_does": 20},
    "graph/test_analog.py": {"test_every_max_pooling_is_on_running_sums": 4, "test_the_mean_is_exact": 2},
    "graph/test_elementwise.py": {"test_a_function_is_a_site_too": 2, "test_a_module_is_a_site_with_its_settings": 5},
    "graph/test_levels.py": {
        "test_a_spelling_has_its_levels_and_comes_out_exactly": 5,
        "test_every_method_converts_them": 5,
        "test_verify_fails_on_levels_that_are_not_the_anns": 2,
    },
    "graph/test_operand_property.py": {"test_the_error_of_every_operation_falls": 7},
    "graph/test_operations.py": {"test_the_spiking_network_tends_to_the_ann": 6},
    "graph/test_recognise.py": {"test_a_spelling_is_the_site_that_it_is": 2},
    "graph/test_whole_inputs.py": {"test_methods": 2, "test_verify": 2},
    "io/test_onnx_exported.py": {"test_it_loads_and_agrees": 7},
    "io/test_onnx_operations.py": {"test_as_onnxruntime_computes_it": 2},
    "io/test_pt2.py": {"test_stock_networks_with_a_dynamic_batch": NONE},
    "measure/test_distributed.py": {"test_torchrun_gives_what_one_process_gives_and_resumes": NONE},
    "methods/test_methods.py": {
        "test_chunks_do_not_change_the_result": 3,
        "test_converts_and_error_falls_with_time": 6,
        "test_corrections_and_warm_up_are_saved": 2,
        "test_what_depends_on_T_says_so": 2,
    },
    "models/test_respike.py": {"test_operations_are_the_published_ones": NONE},
    "models/test_twins.py": {"test_twins_convert": NONE},
    "neurons/kernels/test_operators.py": {"test_fakes_of_scans": 3},
    "neurons/kernels/test_scan.py": {
        "test_machines_that_hold_back": NONE,
        "test_residual_adds": 2,
        "test_the_same_bits": 11,
    },
    "papers/test_of_method.py": {"test_every_setting_of_a_recipe_converts": 2},
    "papers/test_results.py": {"test_results_are_kept_and_resumed": NONE},
    "papers/test_stand_in.py": {"test_recipes_of_methods_run_their_settings": 4},
    "papers/test_stand_in_data.py": {"test_data_fit_the_network_of_the_row": 2},
    "plots/test_every_picture.py": {"test_equal_results_give_equal_files": 2, "test_nothing_is_cut_off": 5},
    "reports/test_detail.py": {"test_another_network_is_measured_anew": NONE},
    "reports/test_page.py": {
        "test_each_result_is_enough_for_a_page": 2,
        "test_equal_results_give_equal_pages": NONE,
        "test_every_result_has_its_section_and_pictures": NONE,
        "test_names_from_anywhere_stay_text": NONE,
    },
    "simulate/test_against_reference.py": {"test_every_correction_of_every_neuron": 4, "test_every_method": 7},
    "simulate/test_engine.py": {"test_neither_chunk_nor_batch_size_nor_layout_shows_on_random_weights": 4},
    "test_architectures.py": {"test_a_file_holds_the_same_network": 4, "test_the_error_falls_to_a_few_percent": 3},
    "test_modes.py": {"test_same_results": 2},
    "test_network.py": {"test_copies_are_equal_to_the_bit": 3, "test_torchvision_networks_survive_the_file": NONE},
    "test_reported.py": {"test_every_method": 25, "test_verify": 5},
    "test_resumption.py": {"test_no_run_is_continued_on_other_data": 6},
    "training/test_finetune.py": {"test_the_bundled_network": NONE},
    "training/test_resume.py": {
        "test_killed_by_the_system": NONE,
        "test_a_shuffling_loader_resumes": NONE,
        "test_every_activation_resumes": 3,
        "test_other_settings_resume": 3,
        "test_stopped_at_any_step": NONE,
    },
    "tuning/test_tune.py": {"test_every_candidate_is_within_the_budget": NONE},
    "verification/test_defects.py": {"test_a_defect": 13},
    "verification/test_hard_cases.py": {"test_every_method_holds": 3},
    "verification/test_real_networks.py": {"test_stock_networks": NONE},
}


def left_out(names: Iterable[str]) -> set[str]:
    """The cases that a quick run leaves out, of names as `bench/test_sweep.py::test_rows[sdm]`."""
    cases: dict[tuple[str, str], list[str]] = {}
    for name in names:
        file, _, case = name.partition("::")
        cases.setdefault((file, case.partition("[")[0]), []).append(name)
    out: set[str] = set()
    for (file, test), found in cases.items():
        share = THINNED.get(file, {}).get(test, 1)
        kept = 0 if share == NONE else ceil(len(found) / share)
        out.update(sorted(found, key=lambda name: crc32(name.encode()))[kept:])
    return out
