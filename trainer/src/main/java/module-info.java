/** The composition root: configuration, wiring, steps, optimizer, checkpoints. */
module io.moe4j.trainer {
    requires com.google.common;
    requires com.google.guice;
    requires io.moe4j.activationcheckpoint;
    requires transitive io.moe4j.api;
    requires transitive io.moe4j.autograd;
    requires transitive io.moe4j.chattemplate;
    requires io.moe4j.comm.minimalasyncep;
    requires io.moe4j.comm.standard;
    requires transitive io.moe4j.data;
    requires io.moe4j.kernels.swiglu;
    requires transitive io.moe4j.launch;
    requires io.moe4j.metrics.tensorboard;
    requires io.moe4j.model.deepseek;
    requires io.moe4j.model.qwen;
    requires transitive io.moe4j.profile;
    requires io.moe4j.runtime.cpu;
    requires io.moe4j.runtime.planning;
    requires transitive io.moe4j.safetensors;
    requires jakarta.inject;
    requires org.slf4j;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.toml;

    exports io.moe4j.trainer.chat;
    exports io.moe4j.trainer.checkpoint to io.moe4j.app;
    exports io.moe4j.trainer.checkpoint.store;
    exports io.moe4j.trainer.config;
    exports io.moe4j.trainer.generate;
    exports io.moe4j.trainer.metrics;
    exports io.moe4j.trainer.model;
    exports io.moe4j.trainer.plan;
    exports io.moe4j.trainer.plugins;
    exports io.moe4j.trainer.run;
    exports io.moe4j.trainer.session;
    exports io.moe4j.trainer.step;

    opens io.moe4j.trainer.session to com.google.guice;

    uses io.moe4j.api.capture.GraphCaptureProvider;
    uses io.moe4j.api.comm.CommBackendProvider;
    uses io.moe4j.api.device.DeviceProvider;
    uses io.moe4j.api.expert.ExpertKernelsProvider;
    uses io.moe4j.api.group.CollectivesProvider;
    uses io.moe4j.api.text.SourceProvider;
    uses io.moe4j.api.text.TokenizerProvider;
    uses io.moe4j.autograd.model.ModelProvider;
    uses io.moe4j.autograd.recompute.RecomputePolicyProvider;
}
