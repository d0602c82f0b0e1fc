package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.checkpoint.store.StoredModel;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.huggingface.FolderConfig;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** What the checkpoints of a run say of its model. */
final class ModelOrigin {

    private ModelOrigin() {}

    static StoredModel of(TrainerConfig config, ModelSpec spec, Registry registry) {
        String tokenizer = absolute(ConfiguredTokenizer.name(config, registry));
        Optional<Path> from = config.model().from().map(folder -> folder.toAbsolutePath().normalize());
        try {
            if (from.isPresent()) {
                FolderConfig folder = FolderConfig.read(from.get(), registry);
                if (same(folder.spec(), spec)) {
                    return new StoredModel(folder.provider().id(), Optional.empty(), Optional.of(folder.model()),
                            folder.generation(), tokenizer, from.map(Path::toString));
                }
            }
            ModelProvider provider = registry.get(ModelProvider.class, config.model().name());
            Optional<String> flavor = Optional.of(config.model().flavor())
                    .filter(name -> provider.flavors().contains(name) && same(provider.flavor(name), spec));
            return new StoredModel(provider.id(), flavor, Optional.empty(), Optional.empty(), tokenizer,
                    Optional.empty());
        } catch (InputException | IllegalArgumentException e) {
            // A library has opened another model than its configuration names: there is no more to say of it.
            return new StoredModel(config.model().name(), Optional.empty(), Optional.empty(), Optional.empty(),
                    tokenizer, Optional.empty());
        }
    }

    /** Whether the two are one model; the exchange of its experts does not matter. */
    private static boolean same(ModelSpec one, ModelSpec other) {
        String backend = other.moe().map(ModelSpec.MoeSpec::commBackend).orElse("");
        return one.withMoeCommBackend(backend).equals(other.withMoeCommBackend(backend));
    }

    /** A tokenizer that is a file is found from another working directory too. */
    private static String absolute(String tokenizer) {
        try {
            Path path = Path.of(tokenizer);
            return Files.exists(path) ? path.toAbsolutePath().normalize().toString() : tokenizer;
        } catch (InvalidPathException e) {
            return tokenizer;
        }
    }
}
