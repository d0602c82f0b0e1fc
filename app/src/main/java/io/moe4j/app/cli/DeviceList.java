package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A list of device numbers as it is typed: {@code 0,2,4-6} is 0, 2, 4, 5 and 6. */
final class DeviceList {
    private static final Pattern PART = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    private DeviceList() {}

    /**
     * The devices, in order.
     *
     * @param text of {@code --devices}
     * @param processes how many devices there must be
     */
    static List<Integer> parse(String text, int processes) {
        List<Integer> devices = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Matcher matcher = PART.matcher(part.strip());
            if (!matcher.matches()) {
                throw new InputException(
                        "--devices " + text + ": \"" + part + "\" is no number of a device; write numbers from"
                                + " 0, such as 0,1,2,3 or 0-3");
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (last < first) {
                throw new InputException("--devices " + text + ": " + part + " goes backwards; write " + last + "-"
                        + first);
            }
            for (int device = first; device <= last; device++) {
                devices.add(device);
            }
        }
        if (devices.size() != processes) {
            throw new InputException("--devices " + text + " names " + devices.size() + ", and --nproc is " + processes
                    + ": each process has one; name as many devices, the same one twice where two processes share it");
        }
        return devices;
    }
}
