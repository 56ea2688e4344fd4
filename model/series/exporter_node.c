/* What node_exporter shows of a host. */
#include "exporter.h"

#define GB 1e9
#define ROOT "device=\"/dev/sda2\",fstype=\"ext4\",mountpoint=\"/\""
#define BOOT "device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/boot\""
#define ROOT_BYTES 480000000000LL
#define BOOT_BYTES 1000000000LL
#define RESERVED 0.05 /* of ext4, for root */

const struct mount exporter_mounts[MOUNTS] = {
    {"/", "/dev/sda2", ROOT_BYTES, ROOT_BYTES * 55 / 100, STATE_FILL},
    {"/boot", "/dev/sda1", BOOT_BYTES, BOOT_BYTES * 70 / 100, STATE_FILL_BOOT},
};

/* Constants, and what goes on steadily from the boot. */
#define IS(name, labels, value)                                                                    \
    {                                                                                              \
        name, labels, STATE_ONE, value, 0, SCALE_ONE, EACH_TARGET                                  \
    }
#define A_SECOND(name, labels, rate)                                                               \
    {                                                                                              \
        name, labels, STATE_UP_TIME, (rate) / 1000.0, 0, SCALE_ONE, EACH_TARGET                    \
    }
/* Of each core in use. */
#define A_CORE_SECOND(name, labels, rate)                                                          \
    {                                                                                              \
        name, labels, STATE_CPU_TIME, (rate) / 1e6, 0, SCALE_CORES, EACH_TARGET                    \
    }
#define MODE(mode, quantity, share)                                                                \
    {                                                                                              \
        "node_cpu_seconds_total", "mode=\"" mode "\"", quantity, (share) / 1e6, 0, SCALE_ONE,      \
            EACH_CPU                                                                               \
    }
/* A share of what is available. */
#define MEMORY(name, share)                                                                        \
    {                                                                                              \
        name, "", STATE_MEMORY, -(share) / 1000.0, share, SCALE_MEMORY, EACH_TARGET                \
    }
#define LOAD(name, quantity)                                                                       \
    {                                                                                              \
        name, "", quantity, 1.0 / 2048, 0, SCALE_CORES, EACH_TARGET                                \
    }
#define FILLED(name, labels, fill, empty)                                                          \
    {                                                                                              \
        name, labels, fill, -1, (double)(empty), SCALE_ONE, EACH_TARGET                            \
    }
#define UNIT(state, quantity, factor, offset)                                                      \
    {                                                                                              \
        "node_systemd_unit_state",                                                                 \
            "name=\"actions.runner.service\",state=\"" state "\",type=\"simple\"", quantity,       \
            factor, offset, SCALE_ONE, EACH_TARGET                                                 \
    }
#define CHIP "chip=\"platform_coretemp_0\",sensor=\"temp1\""
#define MD "device=\"md0\""

const struct exported_row exporter_node[] = {
    MODE("idle", STATE_IDLE_TIME, 1),
    MODE("user", STATE_CPU_TIME, 0.78),
    MODE("system", STATE_CPU_TIME, 0.17),
    MODE("iowait", STATE_CPU_TIME, 0.02),
    MODE("softirq", STATE_CPU_TIME, 0.02),
    MODE("irq", STATE_CPU_TIME, 0.01),
    MODE("nice", STATE_ONE, 0),
    MODE("steal", STATE_ONE, 0),
    LOAD("node_load1", STATE_LOAD1),
    LOAD("node_load5", STATE_LOAD5),
    LOAD("node_load15", STATE_LOAD15),
    A_CORE_SECOND("node_context_switches_total", "", 1500),
    A_CORE_SECOND("node_intr_total", "", 900),
    A_CORE_SECOND("node_forks_total", "", 20),
    IS("node_procs_running", "", 2),
    IS("node_procs_blocked", "", 0),

    {"node_memory_MemTotal_bytes", "", STATE_ONE, 1, 0, SCALE_MEMORY, EACH_TARGET},
    MEMORY("node_memory_MemAvailable_bytes", 1),
    MEMORY("node_memory_MemFree_bytes", 0.5),
    MEMORY("node_memory_Cached_bytes", 0.45),
    MEMORY("node_memory_Buffers_bytes", 0.05),
    IS("node_memory_Slab_bytes", "", 1 * GB),
    IS("node_memory_SwapTotal_bytes", "", 8 * GB),
    IS("node_memory_SwapFree_bytes", "", 8 * GB),
    IS("node_memory_SwapCached_bytes", "", 0),
    IS("node_memory_HardwareCorrupted_bytes", "", 0),
    IS("node_vmstat_oom_kill", "", 0),
    A_SECOND("node_vmstat_pgmajfault", "", 0.5),
    A_SECOND("node_vmstat_pgfault", "", 4000),
    A_SECOND("node_vmstat_pgpgin", "", 100),
    A_SECOND("node_vmstat_pgpgout", "", 500),
    IS("node_vmstat_pswpin", "", 0),
    IS("node_vmstat_pswpout", "", 0),

    IS("node_filesystem_size_bytes", ROOT, ROOT_BYTES),
    IS("node_filesystem_size_bytes", BOOT, BOOT_BYTES),
    FILLED("node_filesystem_avail_bytes", ROOT, STATE_FILL, ROOT_BYTES * 0.55),
    FILLED("node_filesystem_avail_bytes", BOOT, STATE_FILL_BOOT, BOOT_BYTES * 0.70),
    FILLED("node_filesystem_free_bytes", ROOT, STATE_FILL, ROOT_BYTES *(0.55 + RESERVED)),
    FILLED("node_filesystem_free_bytes", BOOT, STATE_FILL_BOOT, BOOT_BYTES *(0.70 + RESERVED)),
    IS("node_filesystem_files", ROOT, 29300000),
    IS("node_filesystem_files", BOOT, 65536),
    IS("node_filesystem_files_free", ROOT, 26000000),
    IS("node_filesystem_files_free", BOOT, 65000),
    IS("node_filesystem_readonly", ROOT, 0),
    IS("node_filesystem_readonly", BOOT, 0),
    IS("node_filesystem_device_error", ROOT, 0),
    IS("node_filesystem_device_error", BOOT, 0),

    {"node_disk_io_time_seconds_total", "device=\"sda\"", STATE_DISK_TIME, 1e-6, 0, SCALE_ONE,
     EACH_TARGET},
    {"node_disk_io_time_weighted_seconds_total", "device=\"sda\"", STATE_DISK_TIME, 2e-6, 0,
     SCALE_ONE, EACH_TARGET},
    IS("node_disk_io_now", "device=\"sda\"", 0),
    A_SECOND("node_disk_reads_completed_total", "device=\"sda\"", 20),
    A_SECOND("node_disk_writes_completed_total", "device=\"sda\"", 60),
    A_SECOND("node_disk_read_time_seconds_total", "device=\"sda\"", 0.02),
    A_SECOND("node_disk_write_time_seconds_total", "device=\"sda\"", 0.12),
    A_SECOND("node_disk_read_bytes_total", "device=\"sda\"", 400e3),
    A_SECOND("node_disk_written_bytes_total", "device=\"sda\"", 2e6),

    A_CORE_SECOND("node_network_receive_bytes_total", "device=\"eth0\"", 250e3),
    A_CORE_SECOND("node_network_transmit_bytes_total", "device=\"eth0\"", 60e3),
    A_SECOND("node_network_receive_packets_total", "device=\"eth0\"", 300),
    A_SECOND("node_network_transmit_packets_total", "device=\"eth0\"", 250),
    IS("node_network_receive_errs_total", "device=\"eth0\"", 0),
    IS("node_network_transmit_errs_total", "device=\"eth0\"", 0),
    IS("node_network_receive_drop_total", "device=\"eth0\"", 0),
    IS("node_network_transmit_drop_total", "device=\"eth0\"", 0),
    IS("node_network_speed_bytes", "device=\"eth0\"", 125e6),
    IS("node_network_mtu_bytes", "device=\"eth0\"", 1500),
    IS("node_network_up", "device=\"eth0\"", 1),
    IS("node_network_carrier", "device=\"eth0\"", 1),
    IS("node_bonding_slaves", "master=\"bond0\"", 2),
    IS("node_bonding_active", "master=\"bond0\"", 2),
    IS("node_nf_conntrack_entries", "", 800),
    IS("node_nf_conntrack_entries_limit", "", 262144),
    IS("node_sockstat_TCP_inuse", "", 40),
    IS("node_sockstat_TCP_tw", "", 20),
    IS("node_netstat_Tcp_CurrEstab", "", 35),
    IS("node_filefd_allocated", "", 3000),
    IS("node_filefd_maximum", "", 1e6),
    IS("node_arp_entries", "device=\"eth0\"", 5),
    IS("node_entropy_available_bits", "", 256),

    {"node_boot_time_seconds", "", STATE_BOOT, 0.001, 0, SCALE_ONE, EACH_TARGET},
    {"node_time_seconds", "", STATE_NOW, 0.001, 0, SCALE_ONE, EACH_TARGET},
    IS("node_uname_info", "machine=\"x86_64\",release=\"6.1.0\",sysname=\"Linux\"", 1),
    IS("node_os_info", "id=\"debian\",name=\"Debian GNU/Linux\"", 1),
    IS("node_exporter_build_info", "version=\"1.5.0\"", 1),
    IS("node_textfile_scrape_error", "", 0),
    IS("node_reboot_required", "", 0),
    IS("node_timex_offset_seconds", "", 0.0002),
    IS("node_timex_sync_status", "", 1),
    IS("node_timex_maxerror_seconds", "", 0.05),
    IS("node_timex_estimated_error_seconds", "", 0.001),
    UNIT("active", STATE_SERVICE, 1, 0),
    UNIT("inactive", STATE_SERVICE, -1, 1),
    UNIT("activating", STATE_ONE, 0, 0),
    UNIT("deactivating", STATE_ONE, 0, 0),
    UNIT("failed", STATE_ONE, 0, 0),

    IS("node_hwmon_temp_celsius", CHIP, 48),
    IS("node_hwmon_temp_max_celsius", CHIP, 85),
    IS("node_hwmon_temp_crit_celsius", CHIP, 95),
    IS("node_hwmon_temp_crit_alarm_celsius", CHIP, 0),
    IS("node_hwmon_temp_alarm", CHIP, 0),
    IS("node_md_disks_required", MD, 2),
    IS("node_md_disks", MD ",state=\"active\"", 2),
    IS("node_md_disks", MD ",state=\"failed\"", 0),
    IS("node_md_disks", MD ",state=\"spare\"", 0),
    IS("node_md_state", MD ",state=\"active\"", 1),
    IS("node_edac_correctable_errors_total", "controller=\"0\"", 0),
    IS("node_edac_uncorrectable_errors_total", "controller=\"0\"", 0),
    A_SECOND("node_pressure_cpu_waiting_seconds_total", "", 0.005),
    A_SECOND("node_pressure_io_waiting_seconds_total", "", 0.003),
    IS("node_pressure_io_stalled_seconds_total", "", 0),
    IS("node_pressure_memory_waiting_seconds_total", "", 0),
    IS("node_pressure_memory_stalled_seconds_total", "", 0),
    IS("process_open_fds", "", 12),
    IS("process_max_fds", "", 1024),
    IS("process_resident_memory_bytes", "", 22e6),
    {"process_start_time_seconds", "", STATE_BOOT, 0.001, 30, SCALE_ONE, EACH_TARGET},
    {NULL, NULL, STATE_ONE, 0, 0, SCALE_ONE, EACH_TARGET},
};
