package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.data.DataPosition;
import io.moe4j.trainer.checkpoint.CheckpointLoad;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far a run has come. It begins before the first step, or after that of a checkpoint. */
final class RunPosition {
    private static final Logger log = LoggerFactory.getLogger(RunPosition.class);

    private final TrainerConfig config;
    private final StoredModel model;
    private long steps;
    private long sequences;
    private Optional<DataPosition> data = Optional.empty();

    /** Before the first step. */
    RunPosition(TrainerConfig config, StoredModel model) {
        this.config = config;
        this.model = model;
    }

    /** The number of steps made. */
    long steps() {
        return steps;
    }

    /** The sequences that all ranks together have read. */
    long sequences() {
        return sequences;
    }

    /** The position of the data, for all ranks together. */
    Optional<DataPosition> data() {
        return data;
    }

    /** Loads the state of all ranks of this process, and goes on after the checkpoint's step. */
    void load(CheckpointLoad load, TrainingSession session) {
        try {
            session.onRanks(rank -> {
                rank.phase().enter("loading " + load.folder());
                load.run(rank.state());
                return rank;
            });
        } catch (RunFailedException e) {
            // A checkpoint that does not fit is a fault of the input, and not a failure of a rank.
            throw e.getCause() instanceof InputException input ? input : e;
        }
        steps = load.progress().step();
        sequences = ResumePoint.sequences(load.folder(), load.progress(), config);
        data = load.progress().position();
        log.info("continuing {} after step {}, {} sequences read", load.folder(), steps, sequences);
        if (!load.isDigested()) {
            log.warn("{} was written by moe4j 0.1, without digests: values that were damaged since are not found",
                    load.folder());
        }
    }

    /** A step was made; the data goes on at {@code next}. */
    void advance(Optional<DataPosition> next) {
        steps++;
        sequences += config.sequencesPerStep();
        data = next;
    }

    /** The progress as a checkpoint stores it. */
    Progress progress() {
        return new Progress(steps, sequences, config.training().seed(), config.ranks(),
                Optional.of(ResumePoint.data(config)), Optional.of(model), data);
    }
}
