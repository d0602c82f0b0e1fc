package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fills the open models of a session's ranks with weights from the disk. */
final class ModelFill {
    private static final Logger log = LoggerFactory.getLogger(ModelFill.class);

    private ModelFill() {}

    /**
     * Fills the models.
     *
     * @return how long it took, in seconds
     * @throws InputException if a weight cannot be used
     */
    static double of(TrainingSession session, ModelSource source) {
        source.remarks().forEach(remark -> log.warn("{}: {}", source.path(), remark));
        long begin = System.nanoTime();
        try {
            session.onRanks(rank -> {
                rank.phase().enter("reading the weights of " + source.path());
                source.fill(rank.context(), rank.model());
                return rank;
            });
        } catch (RunFailedException e) {
            // A weight that cannot be used is a fault of the input, and not a failure of a rank.
            throw e.getCause() instanceof InputException input ? input : e;
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        log.info("read the weights of {} in {} s", source.path(), String.format(Locale.ROOT, "%.1f", seconds));
        return seconds;
    }
}
