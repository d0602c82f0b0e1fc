package io.moe4j.trainer.agreement;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Provider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.RankLaunch;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Checks that the processes of a run were started with the same inputs. */
public final class RunAgreement {

    private RunAgreement() {}

    /**
     * Compares configuration, model, data, checkpoint, plug-ins and builds with those of all other processes. Paths, and keys that are only for people, may
     * differ. Does nothing if all ranks are threads of this process.
     *
     * @param providers the plug-ins in use
     * @param tokenizer gives the identity of the tokenizer, if the run reads the data that the configuration names
     * @param resumed identifies the checkpoint that is continued
     * @param start identifies the weights that the run starts from
     * @throws InputException in every process, if they differ
     */
    public static void require(RankLaunch launch, TrainerConfig config, ModelSpec spec, List<Provider> providers,
            Supplier<Optional<String>> tokenizer, Optional<String> resumed, Optional<String> start) {
        if (!launch.isOneProcess()) {
            new Agreement(launch).require(RunFacts.of(config, spec, providers, tokenizer.get(), resumed, start));
        }
    }
}
