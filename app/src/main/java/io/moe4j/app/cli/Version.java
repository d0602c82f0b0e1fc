package io.moe4j.app.cli;

import picocli.CommandLine.IVersionProvider;

/** The output of {@code --version}. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Main.class.getModule().getDescriptor() == null ? null
                : Main.class.getModule().getDescriptor().rawVersion().orElse(null);
        return new String[] {"moe4j " + (version == null ? "(unknown version)" : version), "Java "
                + Runtime.version()};
    }
}
