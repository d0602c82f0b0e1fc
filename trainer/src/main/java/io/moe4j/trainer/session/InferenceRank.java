package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.DecodingSession;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.runtime.planning.PlanningCollectives;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import io.moe4j.trainer.plugins.Opening;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The only rank of an {@link InferenceSession}, with its model and the sequence that it generates. Used by the rank's thread only.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class InferenceRank {
    private final ModelSpec spec;
    private final RankContext context;
    private final Model model;
    private final DecodingSession sequence;
    private final PassSizes sizes;

    private InferenceRank(ModelSpec spec, RankContext context, Model model, DecodingSession sequence, PassSizes sizes) {
        this.spec = spec;
        this.context = context;
        this.model = model;
        this.sequence = sequence;
        this.sizes = sizes;
    }

    /**
     * Opens all parts.
     *
     * @param stack the planned memory
     * @param resources owns what is opened
     */
    static InferenceRank open(ModelSpec spec, InferenceProviders providers, InferenceOptions options, Device device,
            Memory stack, Rendezvous rendezvous, Resources resources) {
        Group alone = Group.of("expert_parallel", List.of(0), 0);
        Stream stream = resources.add(device.openStream("rank 0"));
        MemoryStack memory = new MemoryStack(stack, RankOpener.releases(device, stream));
        RankContext context = RankContext.of(Group.of("world", List.of(0), 0), device, stream, memory, rendezvous)
                .withSettings(options.settings());
        PassSizes sizes = PassSizes.upTo(Math.min(options.longestPass(), options.capacity()));
        ModelContext opened = ModelContext.of(context, 1, options.capacity(),
                new Precision(options.dtype(), options.dtype(), DType.F32, DType.F32), ShardGroup.alone(),
                ShardGroup.alone(), alone, providers.recompute().policy(), 0).withForwardOnly()
                .withBlank(true);
        if (spec.moe().isPresent()) {
            Map<Long, CommBackend> exchanges = exchanges(spec.moe().get(), providers, options, context, alone, sizes,
                    resources);
            ExpertKernels kernels = providers.kernels()
                    .map(provider -> resources.add(Opening.of(provider, () -> provider.open(context)))).orElseThrow();
            opened = opened.withExperts(Objects.requireNonNull(exchanges.get(sizes.largest())), kernels)
                    .withExchanges(exchanges);
        }
        Model model = resources.add(spec.open(opened));
        return new InferenceRank(spec, context, model, resources.add(model.openDecoding(options.capacity())), sizes);
    }

    private static Map<Long, CommBackend> exchanges(ModelSpec.MoeSpec moe, InferenceProviders providers,
            InferenceOptions options, RankContext context, Group alone, PassSizes sizes, Resources resources) {
        CommBackendProvider provider = providers.comm().orElseThrow();
        Optional<Collectives> collectives = ExchangeNeeds.of(provider)
                .needsCollectives()
                        ? Optional.of(resources.add(collectives(providers.collectives(), alone, context)))
                        : Optional.empty();
        Optional<PeerGroup> peers = ExchangeNeeds.of(provider)
                .needsPeerMemory()
                        ? Optional.of(resources.add(context.device().openPeerGroup(alone, context.rendezvous())))
                        : Optional.empty();
        Map<Long, CommBackend> exchanges = new HashMap<>();
        for (long size : sizes.ascending()) {
            exchanges.put(size, resources.add(Opening.of(provider, () -> provider.open(
                    CommConfig.of(size, moe.dim(), moe.experts(), moe.topK(), options.dtype()),
                    new CommContext(context, alone, peers, collectives)))));
        }
        return exchanges;
    }

    private static Collectives collectives(CollectivesProvider provider, Group alone, RankContext context) {
        return context.device() instanceof PlanningDevice planning
                ? new PlanningCollectives(alone, planning, provider.deviceMemory(alone.size()))
                : Opening.of(provider, () -> provider.open(alone, context));
    }

    /** Its context. */
    public RankContext context() {
        return context;
    }

    /** The model; its parameters are zero until they are loaded. */
    public Model model() {
        return model;
    }

    /** The sequence. */
    public DecodingSession sequence() {
        return sequence;
    }

    /**
     * Appends tokens to the sequence, in as many passes as are needed, and waits for the logits of the token that follows.
     *
     * @param ids at least one
     * @return V logits
     */
    public float[] append(int[] ids) {
        float[] logits = new float[Math.toIntExact(spec.vocabulary())];
        int done = 0;
        for (long size : sizes.of(ids.length)) {
            try (Scope step = context.memory().openStep()) {
                Tensor ids_T = context.memory().allocate("inputs", DType.I32, size);
                Tensor logits_1V = context.memory().allocate("logits", DType.F32, 1, logits.length);
                int[] part = Arrays.copyOfRange(ids, done, done + Math.toIntExact(size));
                context.stream().upload(MemorySegment.ofArray(part), ids_T);
                sequence.append(ids_T, logits_1V);
                done += part.length;
                if (done == ids.length) {
                    context.stream().download(logits_1V, MemorySegment.ofArray(logits));
                }
            }
        }
        return logits;
    }

    /** Makes one pass of each size, for a plan. The memory of a pass does not depend on the number of tokens before it. */
    void rehearse() {
        for (long size : sizes.ascending()) {
            sequence.truncate(0);
            append(new int[Math.toIntExact(size)]);
        }
    }
}
