"""The unit files of Debian's server packages, without installing one of them.

In:  Debian's archive, through apt-get.   Out: one folder with the unit files, drop-ins and links of PACKAGES; made
once, in the cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastinit-tests"
FOLDERS = ("lib/systemd/system/", "usr/lib/systemd/system/", "etc/systemd/system/")
NEEDED = ("apt-get", "dpkg-deb")

# Servers, and what runs beside them: those of Debian 12 with units that are no larger than some megabytes.
_NAMES = """
    2ping acct acpid amavisd-new anacron apache2 apcupsd apt-cacher-ng arpwatch at auditd autofs avahi-daemon batmand
    beanstalkd bind9 bip bird2 bluez boinc-client borgmatic c-icap certbot certmonger charon-systemd chrony clamav-daemon
    clamav-freshclam clamsmtp cloud-init cockpit-ws collectd-core colord conntrackd corosync coturn courier-authdaemon
    courier-imap courier-mta cron cups-browsed cups-daemon cyrus-common dante-server dbus ddclient deluged dhcp-helper
    dhcpcd dhcpy6d dnsmasq dovecot-core dropbear exim4-base fail2ban fancontrol fastd fcgiwrap ferm firebird3.0-server
    firewalld freeipmi-bmc-watchdog freeradius frr galera-arbitrator-4 ganglia-monitor gdm3 gdnsd gearman-job-server gerbera
    glusterfs-server gpm gpsd gssproxy haproxy haveged heartbeat hostapd hylafax-server ifupdown incron inspircd iodine
    irqbalance iwd jabberd2 jetty9 jool-tools kea-ctrl-agent kea-dhcp4-server kea-dhcp6-server keepalived knockd knot
    knot-resolver krb5-admin-server krb5-kdc ladvd lcdproc ldirectord libvirt-daemon-system lightdm lighttpd lirc lldpad
    lldpd lm-sensors logrotate lvm2 lxc lxcfs mailman3 mailman3-web mariadb-server mdadm memcached minidlna minissdpd
    miniupnpd mon mosquitto mpd msmtp-mta multipath-tools munge munin-node nagios-nrpe-server netfilter-persistent
    network-manager networkd-dispatcher nfdump nfs-common nfs-kernel-server nftables nginx-common ngircd nsca nscd nsd
    ntpsec nullmailer nut-client nut-server oddjob oidentd open-iscsi open-vm-tools openarena-server openbsd-inetd opendkim
    opendmarc openhpid openntpd opensmtpd openssh-server openvpn openvswitch-switch pacemaker packagekit pcscd pdns-recursor
    pdns-server pgbouncer pgpool2 php8.2-fpm plymouth polkitd postfix postgresql-common postgrey postsrsd pptpd privoxy
    proftpd-core prosody psad pulseaudio puppet-agent puppetserver qemu-guest-agent quota radicale radvd redis-sentinel
    redis-server resolvconf rinetd rng-tools5 rpcbind rspamd rsync rsyslog rtkit samba sane-utils sddm ser2net
    shadowsocks-libev shairport-sync shorewall sks slurmctld slurmd slurmdbd smartmontools smcroute smokeping snapclient
    snapserver sniproxy snmpd snmptrapd softflowd spamassassin spamd spice-vdagent squid sqwebmail sshguard sslh sssd-common
    sssd-kcm strongswan-starter stubby stunnel4 supervisor sympa syslog-ng-core sysstat systemd-cron tang tgt thermald tinc
    tinydns tinyproxy tirex tlp tomcat10 tor tpm2-abrmd transmission-daemon trousers tuned udisks2 ufw ulogd2
    unattended-upgrades unbound unscd upower uptimed usbmuxd uucp uwsgi-emperor varnish vdr vnstat vsftpd watchdog winbind
    wireguard-tools wpasupplicant x2goserver xrdp yadifa zabbix-agent zabbix-proxy-sqlite3 zram-tools
"""
PACKAGES = tuple(_NAMES.split())


class Unavailable(Exception):
    """They cannot be had here; str() says why."""


def units() -> Path:
    """The folder. Raises Unavailable."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        raise Unavailable(f"Debian's unit files need {' '.join(absent)}")
    folder = CACHE / f"debian-units-{hashlib.sha256(' '.join(PACKAGES).encode()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        packages, partial = Path(work, "packages"), Path(work, "units")
        packages.mkdir()
        partial.mkdir(mode=0o755)
        done = subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=packages, capture_output=True, text=True, timeout=600,
                              check=False)
        if done.returncode != 0:
            raise Unavailable(f"apt-get download: {done.stderr.strip().splitlines()[-1:]}")
        for package in sorted(packages.iterdir()):
            _unpack(package, partial)
        partial.rename(folder)
    return folder


def _unpack(package: Path, into: Path) -> None:
    """What two packages have is the first one's."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as process, \
            tarfile.open(fileobj=process.stdout, mode="r|") as archive:
        for member in archive:
            name = member.name[2:] if member.name.startswith("./") else member.name
            inner = next((name[len(folder):] for folder in FOLDERS if name.startswith(folder)), "")
            target = into / inner
            if not inner or ".." in inner.split("/") or os.path.lexists(target):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                # absolute ones lead into a system that is not there: what they name lies in the same folder
                target.symlink_to(os.path.relpath(into / os.path.basename(member.linkname), target.parent)
                                  if member.linkname.startswith("/") and not member.linkname.startswith("/dev/")
                                  else member.linkname)
            elif member.isfile():
                content = archive.extractfile(member)
                assert content is not None
                target.write_bytes(content.read())
    if process.returncode != 0:
        raise Unavailable(f"dpkg-deb cannot read {package.name}")
