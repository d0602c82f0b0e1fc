/** The composition root: configuration, wiring, data, optimizer, command line. */
module io.moe4j.trainer {
    requires com.google.common;
    requires com.google.guice;
    requires info.picocli;
    requires io.moe4j.activationcheckpoint;
    requires transitive io.moe4j.api;
    requires transitive io.moe4j.autograd;
    requires io.moe4j.comm.minimalasyncep;
    requires io.moe4j.comm.standard;
    requires io.moe4j.kernels.swiglu;
    requires io.moe4j.model.deepseek;
    requires io.moe4j.runtime.cpu;
    requires io.moe4j.runtime.planning;
    requires jakarta.inject;
    requires me.tongfei.progressbar;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.toml;

    exports io.moe4j.trainer;
    exports io.moe4j.trainer.cli;
    exports io.moe4j.trainer.config;
    exports io.moe4j.trainer.data;
    exports io.moe4j.trainer.parity;
    exports io.moe4j.trainer.plan;
    exports io.moe4j.trainer.plugins;
    exports io.moe4j.trainer.run;
    exports io.moe4j.trainer.launch;
    exports io.moe4j.trainer.safetensors;
    exports io.moe4j.trainer.session;
    exports io.moe4j.trainer.step;

    opens io.moe4j.trainer.cli to info.picocli;
    opens io.moe4j.trainer.checkpoint to tools.jackson.databind;
    opens io.moe4j.trainer.session to com.google.guice;

    uses io.moe4j.api.capture.GraphCaptureProvider;
    uses io.moe4j.api.comm.CommBackendProvider;
    uses io.moe4j.api.device.DeviceProvider;
    uses io.moe4j.api.expert.ExpertKernelsProvider;
    uses io.moe4j.api.group.CollectivesProvider;
    uses io.moe4j.autograd.model.ModelProvider;
    uses io.moe4j.autograd.recompute.RecomputePolicyProvider;
}
