package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.checkpoint.store.StoredLora;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.config.ConfiguredChat;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.huggingface.FolderConfig;
import io.moe4j.trainer.model.FolderSource;
import io.moe4j.trainer.model.ModelSource;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The description of the model that is written into the checkpoints of a run. */
final class ModelOrigin {

    private static final Logger log = LoggerFactory.getLogger(ModelOrigin.class);

    private ModelOrigin() {}

    /** @param start the model folder from which the run starts, if it is open */
    static StoredModel of(TrainerConfig config, ModelSpec spec, Registry registry, Optional<ModelSource> start) {
        StoredModel model = of(config, spec, registry).withChatTemplate(ConfiguredChat.written(config));
        return config.lora().spec().flatMap(lora -> start.filter(FolderSource.class::isInstance)
                .map(FolderSource.class::cast).map(folder -> model.withLora(new StoredLora(lora, folder.content()))))
                .orElse(model);
    }

    private static StoredModel of(TrainerConfig config, ModelSpec spec, Registry registry) {
        String named = ConfiguredTokenizer.name(config, registry);
        String tokenizer = registry.all(TokenizerProvider.class).stream().anyMatch(each -> each.id().equals(named))
                ? named
                : absolute(named);
        Optional<Path> from = config.model().from().map(folder -> folder.toAbsolutePath().normalize());
        try {
            if (from.isPresent()) {
                FolderConfig folder = FolderConfig.read(from.get(), registry);
                if (same(folder.spec().withPredictionDepth(spec.predictionDepth()), spec)) {
                    return new StoredModel(folder.provider().id(), Optional.empty(), Optional.of(model(folder, spec)),
                            folder.generation(), tokenizer, from.map(Path::toString));
                }
            }
            ModelProvider provider = registry.get(ModelProvider.class, config.model().name());
            if (provider.flavors().contains(config.model().flavor())
                    && same(provider.flavor(config.model().flavor()).withPredictionDepth(spec.predictionDepth()),
                            spec)) {
                return new StoredModel(provider.id(), Optional.of(config.model().flavor()), keys(provider, spec),
                        Optional.empty(), tokenizer, Optional.empty());
            }
        } catch (InputException | IllegalArgumentException e) {
            log.debug("the configuration's model is not the one that is open", e);
        }
        // A program has opened another model than its configuration names.
        return registry.all(ModelProvider.class).stream().flatMap(provider -> keysOfAny(provider, spec)
                .map(keys -> new StoredModel(provider.id(), Optional.empty(), Optional.of(keys), Optional.empty(),
                        tokenizer, Optional.empty()))
                .stream()).findFirst().orElseGet(() -> new StoredModel(config.model().name(), Optional.empty(),
                        Optional.empty(), Optional.empty(), tokenizer, Optional.empty()));
    }

    /** The keys of the folder's config.json, with the number of modules for multi-token prediction that are trained, which may be smaller than the folder's. */
    private static Map<String, Object> model(FolderConfig folder, ModelSpec spec) {
        Map<String, Object> keys = new LinkedHashMap<>(folder.model());
        keys.computeIfPresent("num_nextn_predict_layers", (key, value) -> spec.predictionDepth());
        return keys;
    }

    /** A family that is asked about a model of another family may throw any exception. */
    private static Optional<Map<String, Object>> keysOfAny(ModelProvider provider, ModelSpec spec) {
        try {
            return keys(provider, spec);
        } catch (RuntimeException | LinkageError e) {
            log.debug("{} failed when it was asked about {}", provider.id(), spec.name(), e);
            return Optional.empty();
        }
    }

    private static Optional<Map<String, Object>> keys(ModelProvider provider, ModelSpec spec) {
        try {
            return provider.toHuggingFace(spec).map(HuggingFaceForm::config);
        } catch (IllegalArgumentException e) {
            log.debug("{} has no config.json for {}", provider.id(), spec.name(), e);
            return Optional.empty();
        }
    }

    /** Whether both describe the same model; the communication backend makes no difference. */
    private static boolean same(ModelSpec one, ModelSpec other) {
        String backend = other.moe().map(ModelSpec.MoeSpec::commBackend).orElse("");
        return one.withMoeCommBackend(backend).equals(other.withMoeCommBackend(backend));
    }

    /** Makes the path of a tokenizer's file absolute, so that it is found from another working directory too. */
    private static String absolute(String tokenizer) {
        try {
            Path path = Path.of(tokenizer);
            return Files.exists(path) ? path.toAbsolutePath().normalize().toString() : tokenizer;
        } catch (InvalidPathException e) {
            return tokenizer;
        }
    }
}
