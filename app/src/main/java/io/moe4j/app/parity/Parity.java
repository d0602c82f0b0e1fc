package io.moe4j.app.parity;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Asking.Answers;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.Arguments.Override;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares moe4j with a golden file of another implementation.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Parity {
    private static final String BATCH = "training.local_batch_size";

    private final Registry registry;
    private final ConfigLoader loader;

    /** Comparisons with these plug-ins. */
    public Parity(Registry registry) {
        this.registry = registry;
        this.loader = new ConfigLoader(registry);
    }

    /**
     * Runs a comparison.
     *
     * @param path the golden file
     * @param nameOrFile the configuration that decides how the model is run
     * @param overrides laid over it; keys that the golden file fixes (model, batch, optimizer, schedule) are refused
     * @throws InputException if the file or the configuration cannot be used
     */
    public ParityReport compare(Path path, String nameOrFile, List<Override> overrides) {
        try (Golden golden = Golden.open(path)) {
            List<Override> all = fixed(golden);
            refuseFixed(overrides, all);
            all.addAll(overrides);
            TrainerConfig named = named(golden, nameOrFile, all);
            ModelSpec spec = golden.spec(registry.get(ModelProvider.class, named.model().name()),
                    named.model().moeCommBackend());
            if (golden.sequences() % named.ranks() != 0) {
                throw new InputException("ranks = " + named.ranks() + ": the batch of " + golden.sequences()
                        + " sequences is split over the ranks by whole sequences; set ranks to a divisor of "
                        + golden.sequences());
            }
            all.add(new Override(BATCH, String.valueOf(golden.sequences() / named.ranks())));
            TrainerConfig config = loader.load(nameOrFile, all, ConfigUse.runningModel(spec));
            return new ParityRun(golden, config, spec, registry).run();
        }
    }

    /** The configuration with the golden file's model, before the batch is known. */
    private TrainerConfig named(Golden golden, String nameOrFile, List<Override> overrides) {
        Answers<ModelProvider, List<String>> readers = Asking.all(registry.all(ModelProvider.class),
                "huggingFaceTypes", ModelProvider::huggingFaceTypes);
        String type = String.valueOf(golden.json("config").get("model_type"));
        ModelProvider provider = readers.first(types -> types.contains(type))
                .orElseThrow(() -> golden.refusal("there is no model of type " + type + "; known are "
                        + readers.given().values().stream().flatMap(List::stream).toList() + readers.failed()));
        List<Override> all = new ArrayList<>(overrides);
        all.add(new Override("model.name", provider.id()));
        ModelSpec spec = golden.spec(provider, "");
        return loader.load(nameOrFile, all, ConfigUse.runningModel(spec));
    }

    private static List<Override> fixed(Golden golden) {
        Map<String, Object> optimizer = golden.json("optimizer");
        if (!"AdamW".equals(optimizer.get("name")) || !"constant".equals(optimizer.get("lr_schedule"))
                || !(optimizer.get("betas") instanceof List<?> betas) || betas.size() != 2) {
            throw golden.refusal("its optimizer is " + optimizer
                    + "; AdamW with two betas and a constant learning rate are what can be compared here");
        }
        List<Override> fixed = new ArrayList<>();
        fixed.add(new Override("training.steps", String.valueOf(golden.steps())));
        fixed.add(new Override("training.seq_len", String.valueOf(golden.sequenceLength())));
        fixed.add(new Override(BATCH, "1"));
        fixed.add(number(golden, optimizer, "max_norm", "training.max_norm"));
        fixed.add(number(golden, optimizer, "lr", "optimizer.lr"));
        fixed.add(new Override("optimizer.beta1", String.valueOf(betas.getFirst())));
        fixed.add(new Override("optimizer.beta2", String.valueOf(betas.getLast())));
        fixed.add(number(golden, optimizer, "eps", "optimizer.eps"));
        fixed.add(number(golden, optimizer, "weight_decay", "optimizer.weight_decay"));
        fixed.add(number(golden, optimizer, "load_balance_coeff", "moe.load_balance_coeff"));
        if (golden.has(Golden.PREDICTED)) {
            fixed.add(number(golden, optimizer, "mtp_loss_factor", "training.mtp_loss_factor"));
        }
        fixed.add(new Override("moe.force_load_balance", "false"));
        fixed.add(new Override("lr_scheduler.warmup_steps", "0"));
        fixed.add(new Override("lr_scheduler.decay_type", "constant"));
        fixed.add(new Override("lr_scheduler.decay_ratio", "0"));
        return fixed;
    }

    private static Override number(Golden golden, Map<String, Object> optimizer, String name, String key) {
        if (optimizer.get(name) instanceof Number number) {
            return new Override(key, number.toString());
        }
        throw golden.refusal("its optimizer has no number \"" + name + "\"");
    }

    private static void refuseFixed(List<Override> overrides, List<Override> fixed) {
        List<String> refused = overrides.stream().map(Override::key)
                .filter(key -> fixed.stream().anyMatch(each -> each.key().equals(key))
                        || List.of("model.name", "model.flavor").contains(key))
                .toList();
        if (!refused.isEmpty()) {
            throw new InputException(String.join(", ", refused)
                    + ": fixed by the golden file; leave it out, since the comparison would be with another training");
        }
    }
}
