/** The kit that every plug-in must pass. */
module io.moe4j.tests.contract {
    requires io.moe4j.autograd;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires transitive io.moe4j.api;
    requires transitive org.junit.jupiter.api;
    requires transitive org.junit.jupiter.params;

    exports io.moe4j.tests.contract;
    exports io.moe4j.tests.contract.ops;

    uses io.moe4j.api.capture.GraphCaptureProvider;
    uses io.moe4j.api.comm.CommBackendProvider;
    uses io.moe4j.api.device.DeviceProvider;
    uses io.moe4j.api.expert.ExpertKernelsProvider;
    uses io.moe4j.api.group.CollectivesProvider;
    uses io.moe4j.autograd.recompute.RecomputePolicyProvider;
}
