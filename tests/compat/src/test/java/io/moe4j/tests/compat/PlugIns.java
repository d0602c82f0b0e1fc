package io.moe4j.tests.compat;

import java.util.Map;

/** Sources of plug-ins from outside: a recompute policy, the smallest of the SPIs. */
final class PlugIns {

    private PlugIns() {}

    /**
     * A module with one policy, which keeps everything.
     *
     * @param id its id, which names module and package too
     * @param constructor what its constructor does
     */
    static Sources recomputePolicy(String id, String constructor) {
        String name = "outside." + id;
        String module = """
                module %s {
                    requires io.moe4j.autograd;
                    provides io.moe4j.autograd.recompute.RecomputePolicyProvider with %s.OutsidePolicyProvider;
                }
                """.formatted(name, name);
        String provider = """
                package %s;

                import io.moe4j.api.spi.Availability;
                import io.moe4j.autograd.recompute.RecomputePolicy;
                import io.moe4j.autograd.recompute.RecomputePolicyProvider;

                public final class OutsidePolicyProvider implements RecomputePolicyProvider {

                    public OutsidePolicyProvider() {
                        %s
                    }

                    public String id() {
                        return "%s";
                    }

                    public String spiVersion() {
                        return SPI_VERSION;
                    }

                    public String description() {
                        return Words.TEXT;
                    }

                    public Availability probe() {
                        return Availability.available();
                    }

                    public boolean recomputesFully() {
                        return true;
                    }

                    public RecomputePolicy policy() {
                        return (tape, segment, x) -> {
                            throw new IllegalStateException("outside policy was run");
                        };
                    }
                }
                """.formatted(name, constructor, id);
        String words = """
                package %s;

                final class Words {
                    static final String TEXT = "a policy from outside".strip();
                }
                """.formatted(name);
        String folder = name.replace('.', '/') + "/";
        return new Sources(Map.of("module-info.java", module, folder + "OutsidePolicyProvider.java", provider,
                folder + "Words.java", words));
    }

    static Sources recomputePolicy(String id) {
        return recomputePolicy(id, "");
    }
}
