/** The SPIs of moe4j, and the value types that they use. */
module io.moe4j.api {
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.moe4j.api;
    exports io.moe4j.api.capture;
    exports io.moe4j.api.comm;
    exports io.moe4j.api.comm.support;
    exports io.moe4j.api.device;
    exports io.moe4j.api.expert;
    exports io.moe4j.api.group;
    exports io.moe4j.api.host;
    exports io.moe4j.api.memory;
    exports io.moe4j.api.ops;
    exports io.moe4j.api.ops.support;
    exports io.moe4j.api.spi;
    exports io.moe4j.api.tensor;
    exports io.moe4j.api.text;
    exports io.moe4j.api.trace;

    uses io.moe4j.api.capture.GraphCaptureProvider;
    uses io.moe4j.api.comm.CommBackendProvider;
    uses io.moe4j.api.device.DeviceProvider;
    uses io.moe4j.api.expert.ExpertKernelsProvider;
    uses io.moe4j.api.group.CollectivesProvider;
    uses io.moe4j.api.text.TokenizerProvider;
}
