package io.moe4j.app.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.app.terminal.TypedPath;
import io.moe4j.trainer.config.WeightTypes;
import io.moe4j.trainer.model.AdapterExport;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moe4j export}. */
@Command(name = "export",
        description = {
                "Writes a trained model as a folder in Hugging Face's layout: safetensors with an index, config.json,"
                        + " generation_config.json, and the tokenizer where it is known.",
                "Low-rank updates (LoRA) are added to the weights; --adapter writes them alone, in PEFT's layout.",
                "The folder gets its name when it is complete, and never replaces anything."})
final class ExportCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Parameters(index = "0", paramLabel = "RUN|CHECKPOINT",
            description = "The folder of a run, for its newest checkpoint; a checkpoint; a model folder, to convert it; or a folder of"
                    + " PEFT, to add its updates to its model.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "DIR", description = "The new folder.")
    private Path folder = Path.of("");

    @Option(names = "--dtype", paramLabel = "bf16|fp32",
            description = "Element type of the weights; bf16 rounds to the nearest, ties to even. Default: as in the checkpoint.")
    private @Nullable String dtype;

    @Option(names = "--max-shard-size", paramLabel = "SIZE", converter = ByteSize.class, defaultValue = "5GB",
            description = "Most bytes of tensors in a file, such as 500MB or 2GiB. Default: ${DEFAULT-VALUE}.")
    private long mostBytes;

    @Option(names = "--adapter",
            description = "Writes the low-rank updates of a run alone: adapter_config.json and adapter_model.safetensors, as PEFT reads them.")
    private boolean adapter;

    @Override
    public Integer call() {
        Optional<DType> weights = Optional.ofNullable(dtype).map(type -> WeightTypes.of("--dtype", type));
        ModelExport.requireFree(folder);
        Registry registry = Plugins.load(common.pluginPath());
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        try (ModelSource opened = ModelSource.open(source, registry)) {
            ExportOptions options = ExportOptions.defaults().withMostBytesOfFile(mostBytes);
            List<String> known = opened.remarks();
            known.forEach(remark -> out.println("note      " + remark));
            ModelExport.Exported exported = adapter
                    ? AdapterExport.write(opened, folder, weights.orElse(DType.F32), registry)
                    : ModelExport.write(opened, folder, weights.map(options::withDtype).orElse(options),
                            registry);
            exported.remarks().stream().filter(remark -> !known.contains(remark))
                    .forEach(remark -> out.println("note      " + remark));
            out.println(String.format(Locale.ROOT, "exported  %s: %s%s of %s, %s of weights in %.1f s",
                    exported.folder(), adapter ? "low-rank updates of " : "", opened.spec().name(),
                    TypedPath.of(opened.path()),
                    SavedLine.size(exported.bytes()),
                    (System.nanoTime() - begin) / 1e9));
            out.flush();
            return ExitCode.OK;
        }
    }
}
