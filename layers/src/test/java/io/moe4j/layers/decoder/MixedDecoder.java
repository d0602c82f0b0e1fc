package io.moe4j.layers.decoder;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.layers.attention.GroupedQueryAttention;
import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.List;
import java.util.Map;

/** A family that mixes the layers of all, each with the settings that no published family has: what the layers can do, not what a model is. */
final class MixedDecoder implements ModelProvider {
    private static final RotarySpec HALVES = new RotarySpec(Rotation.HALVES, 8, 10000,
            new RotaryScaling.Yarn(8, 64, 32, 1, false, 1.2));
    private static final RotarySpec PAIRS = new RotarySpec(Rotation.PAIRS, 12, 10000, new RotaryScaling.Linear(2));
    private static final LatentAttention LATENT = new LatentAttention(3, new QueryProjection.LowRank(10), 12, 6, 10,
            HALVES, 1.1, 1e-4f);
    private static final GroupedQueryAttention ONE_KEY = new GroupedQueryAttention(3, 1, false, PAIRS);
    private static final GroupedQueryAttention TWO_KEYS = new GroupedQueryAttention(4, 2, true, HALVES);
    private static final MixtureOfExperts EXPERTS = new MixtureOfExperts(12, 16, 0,
            new Gate(Score.SIGMOID, 3, 4, 2, true, 1.5f, GroupValue.LARGEST));

    static DecoderSpec small(boolean tied) {
        return new DecoderSpec("mixed", 100, 32,
                List.of(new BlockSpec(LATENT, EXPERTS), new BlockSpec(ONE_KEY, new DenseFeedForward(40)),
                        new BlockSpec(TWO_KEYS, EXPERTS)),
                tied, 1e-5f, 512, "standard");
    }

    @Override
    public String id() {
        return "mixed";
    }

    @Override
    public String spiVersion() {
        return ModelProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "all layers";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public List<String> flavors() {
        return List.of("tied", "apart");
    }

    @Override
    public ModelSpec flavor(String name) {
        if (!flavors().contains(name)) {
            throw new IllegalArgumentException("mixed has no flavor \"" + name + "\"; it has " + flavors());
        }
        return small(name.equals("tied"));
    }

    @Override
    public ModelSpec fromHuggingFace(Map<String, Object> config) {
        throw new IllegalArgumentException("no published model is of this family");
    }
}
