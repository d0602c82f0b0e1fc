package io.moe4j.trainer.step;

import io.moe4j.trainer.config.TrainerConfig;
import java.util.Optional;

/**
 * Checks whether a batch can be used in a run.
 *
 * @param config the run's configuration
 * @param masks whether labels may be masked: devices can ignore labels since version 1.4 of their SPI
 */
record BatchRules(TrainerConfig config, boolean masks) {

    /** The data. A batch that cannot be used is replaced by the reason, so that all ranks learn it. */
    StepData usable(StepData data) {
        return switch (data) {
            case Batch batch -> problem(batch).<StepData>map(StepData.Missing::new).orElse(batch);
            case StepData.Missing missing -> missing;
        };
    }

    private Optional<String> problem(Batch batch) {
        if (!masks && batch.labels() < batch.tokens()) {
            return Optional
                    .of("labels are masked, which came with version 1.4 of the devices' SPI: take a newer version of"
                            + " the plug-in of device \"" + config.device() + "\", or data without masked labels");
        }
        if (batch.starts_T().isPresent() && !config.data().documentBoundaries()) {
            return Optional.of("the batch says where documents begin, and data.document_boundaries is false: set it to"
                    + " true, or give a batch without starts");
        }
        return batch.starts_T().flatMap(starts -> DocumentBuffers.problem(starts, config.training().seqLen()));
    }
}
