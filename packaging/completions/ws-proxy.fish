complete -c ws-proxy -l listen -d 'Address to accept browsers at [default: 127.0.0.1:5280]' -r
complete -c ws-proxy -l admin-listen -d 'Address for health, readiness and metrics [default: nowhere]' -r
complete -c ws-proxy -l domain -d 'XMPP domain whose accounts may sign in; may be repeated' -r
complete -c ws-proxy -l backend -d 'The domain\'s server [default: what DNS says]; may be repeated, tried in order' -r
complete -c ws-proxy -l backend-tls -d 'Protection of the connection to the server [default: starttls, required]' -r
complete -c ws-proxy -l backend-ca -d 'Certificate authorities (PEM) to trust besides the platform\'s' -r -F
complete -c ws-proxy -l tls-cert -d 'Certificate chain (PEM) for browsers; needs --tls-key' -r -F
complete -c ws-proxy -l tls-key -d 'Private key (PEM) of --tls-cert' -r -F
complete -c ws-proxy -l public-url -d 'How browsers reach this proxy, if another server stands in front' -r
complete -c ws-proxy -l allow-origin -d 'Web page origin that may connect besides this proxy\'s own; may be repeated' -r
complete -c ws-proxy -l site -d 'Website that may have the chat in its pages; may be repeated' -r
complete -c ws-proxy -l trusted-proxy -d 'Server in front whose X-Forwarded-For is believed; may be repeated' -r
complete -c ws-proxy -l relay -d 'Where an upload service keeps files that browsers may reach through this proxy; may be repeated' -r
complete -c ws-proxy -l limit -d 'One of the limits, such as max_sessions=500; may be repeated' -r
complete -c ws-proxy -l static-dir -d 'Serve the files in here instead of the web client inside the binary' -r -F
complete -c ws-proxy -l log -d 'What to log, such as warn or info,ws_proxy=debug [default: warn,ws_proxy=info]' -r
complete -c ws-proxy -l config -d 'Configuration file (TOML) with these keys and more' -r -F
complete -c ws-proxy -l check -d 'Explain what would be done, try to reach every server, then exit; with a URL also try to connect as a browser does, through whatever stands in front' -r
complete -c ws-proxy -l print-config -d 'Print what is in effect as a configuration file, secrets hidden, then exit'
complete -c ws-proxy -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ws-proxy -s V -l version -d 'Print version'
