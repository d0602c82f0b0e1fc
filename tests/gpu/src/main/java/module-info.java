// Tests that need an NVIDIA GPU. Terms: docs/glossary.md.
open module io.moe4j.tests.gpu {
    requires io.moe4j.tests.contract;
    requires io.moe4j.app;
    requires java.management;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires transitive io.moe4j.api;

    uses io.moe4j.api.capture.GraphCaptureProvider;
    uses io.moe4j.api.comm.CommBackendProvider;
    uses io.moe4j.api.device.DeviceProvider;
    uses io.moe4j.api.expert.ExpertKernelsProvider;
    uses io.moe4j.api.group.CollectivesProvider;
}
