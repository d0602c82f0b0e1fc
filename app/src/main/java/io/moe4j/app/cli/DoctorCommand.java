package io.moe4j.app.cli;

import io.moe4j.app.doctor.Doctor;
import io.moe4j.app.doctor.Finding;
import io.moe4j.app.doctor.Machine;
import io.moe4j.trainer.plugins.Plugins;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moe4j doctor}. */
@Command(name = "doctor", description = "Tells what this machine has, what is missing for what, and the remedy. "
        + "Succeeds if training works on one device at least.")
final class DoctorCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(names = "--json", description = "Prints one JSON object: {\"works_on\": [\"cpu\"], \"findings\": [...]}.")
    private boolean json;

    @Override
    public Integer call() {
        List<Finding> findings = new Doctor(Machine.here(), Plugins.load(common.pluginPath()), Path.of("")).findings();
        List<String> works = Doctor.workingDevices(findings);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("works_on", works);
            report.put("findings", findings.stream().map(DoctorCommand::row).toList());
            out.println(JsonOutput.pretty(report));
        } else {
            findings.forEach(finding -> print(out, finding));
            Doctor.devices(findings).forEach(device -> out.println("training with device = \"" + device + "\" "
                    + (works.contains(device) ? "works" : "does not work here: see above what is missing")));
        }
        out.flush();
        return works.isEmpty() ? ExitCode.FAILED : ExitCode.OK;
    }

    private static void print(PrintWriter out, Finding finding) {
        String state = switch (finding.state()) {
            case OK -> "ok";
            case OPTIONAL -> "-";
            case MISSING -> "MISSING";
        };
        out.printf(Locale.ROOT, "%-8s %-14s %s%n", state, finding.name(), finding.detail());
        if (finding.state() != Finding.State.OK) {
            out.printf(Locale.ROOT, "%-23s needed for %s: %s%n", "", finding.neededFor(), finding.remedy());
        }
    }

    private static Map<String, Object> row(Finding finding) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", finding.name());
        row.put("state", finding.state().name().toLowerCase(Locale.ROOT));
        row.put("detail", finding.detail());
        row.put("needed_for", finding.neededFor());
        row.put("remedy", finding.remedy());
        return row;
    }
}
