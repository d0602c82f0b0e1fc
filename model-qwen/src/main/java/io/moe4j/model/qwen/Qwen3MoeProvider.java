package io.moe4j.model.qwen;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Offers {@code qwen3_moe}.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Qwen3MoeProvider implements ModelProvider {

    /** For {@link java.util.ServiceLoader}. */
    public Qwen3MoeProvider() {}

    @Override
    public String id() {
        return "qwen3_moe";
    }

    @Override
    public String spiVersion() {
        return ModelProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Qwen3-MoE: grouped queries with head norms, mixture of experts";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public List<String> flavors() {
        return Flavors.NAMES;
    }

    @Override
    public ModelSpec flavor(String name) {
        return Flavors.of(name);
    }

    @Override
    public ModelSpec fromHuggingFace(Map<String, Object> config) {
        return HuggingFaceConfig.spec(config);
    }

    @Override
    public Optional<HuggingFaceForm> toHuggingFace(ModelSpec spec) {
        return spec instanceof DecoderSpec decoder ? Optional.of(ConfigValues.of(decoder)) : Optional.empty();
    }
}
