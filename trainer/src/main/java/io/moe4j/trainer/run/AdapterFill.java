package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.model.AdapterWeights;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.session.TrainingSession;
import java.nio.file.Path;

/** Fills the low-rank updates of a session's ranks with those of a folder in PEFT's layout. */
final class AdapterFill {

    private AdapterFill() {}

    /** @throws InputException if the updates do not fit the model, or a value cannot be used */
    static void of(TrainingSession session, ModelSpec spec, Path folder, Registry registry) {
        try (AdapterWeights weights = AdapterWeights.open(folder, spec, registry)) {
            session.onRanks(rank -> {
                rank.phase().enter("reading the low-rank updates of " + folder);
                weights.fill(rank.context(), rank.model());
                return rank;
            });
        } catch (RunFailedException e) {
            // A value that cannot be used is a fault of the input, and not a failure of a rank.
            throw e.getCause() instanceof InputException input ? input : e;
        }
    }
}
